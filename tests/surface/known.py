# SPDX-License-Identifier: GPL-2.0-or-later
"""The checked-in lists of known differences from QEMU, which only shrink."""


def settle(diffs, path, args):
    """Compares with the list at path, which args.update writes anew and args.shrink takes lines out of. Prints and returns
    the differences that are new and those that are gone."""
    known = path.read_text().splitlines() if path.exists() else []
    if args.update or args.shrink:
        known = diffs if args.update else [d for d in known if d in diffs]
        path.write_text("".join(d + "\n" for d in known))
    new = [d for d in diffs if d not in known]
    gone = [d for d in known if d not in diffs]
    for d in new:
        print("new difference:", d)
    for d in gone:
        print("no longer true (--shrink removes it):", d)
    return new, gone
