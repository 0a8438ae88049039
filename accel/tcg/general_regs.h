/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Included behind the system's headers and before ours by files whose functions run while the guest's vector
 * registers are loaded: the compiler then uses general registers only. Such a file ends by including
 * accel/tcg/general_regs_end.h. See guest_general_end(). */
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("general-regs-only"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("general-regs-only")
#endif
