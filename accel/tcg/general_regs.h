/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Included behind the system's headers and before ours by files whose functions run while the guest's vector
 * registers are loaded: the compiler then uses general registers only. See guest_general_end(). */
#if !defined(__clang__)
#pragma GCC target("general-regs-only")
#endif
