/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ends what accel/tcg/general_regs.h began. */
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
