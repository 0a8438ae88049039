/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lane functions of vec_int.c, vec_shuf.c, vec_fp.c and vec_crypto.c, named after their instructions. */
#ifndef TARGET_I386_TCG_VEC_LANES_H
#define TARGET_I386_TCG_VEC_LANES_H

#include "target/i386/tcg/vec.h"

#define LANES(T) for (unsigned k = 0; k < v->n / sizeof(T); k++)

typedef float VecHost __attribute__((vector_size(16)));

VEC_FN(addpd); VEC_FN(addps); VEC_FN(addsd); VEC_FN(addss); VEC_FN(addsubpd); VEC_FN(addsubps);
VEC_FN(aesdec); VEC_FN(aesdeclast); VEC_FN(aesenc); VEC_FN(aesenclast); VEC_FN(aesimc);
VEC_FN(aeskeygenassist); VEC_FN(andnpd); VEC_FN(andnps); VEC_FN(andpd); VEC_FN(andps);
VEC_FN(blendpd); VEC_FN(blendps); VEC_FN(blendvpd); VEC_FN(blendvps); VEC_FN(broadcastf128);
VEC_FN(broadcasti128); VEC_FN(broadcastsd); VEC_FN(broadcastss); VEC_FN(cmppd); VEC_FN(cmpps);
VEC_FN(cmpsd); VEC_FN(cmpss); VEC_FN(comisd); VEC_FN(comiss); VEC_FN(cvtdq2pd); VEC_FN(cvtdq2ps);
VEC_FN(cvtpd2dq); VEC_FN(cvtpd2pi); VEC_FN(cvtpd2ps); VEC_FN(cvtph2ps); VEC_FN(cvtpi2pd);
VEC_FN(cvtpi2ps); VEC_FN(cvtps2dq); VEC_FN(cvtps2pd); VEC_FN(cvtps2ph); VEC_FN(cvtps2pi);
VEC_FN(cvtsd2si); VEC_FN(cvtsd2ss); VEC_FN(cvtsi2sd); VEC_FN(cvtsi2ss); VEC_FN(cvtss2sd);
VEC_FN(cvtss2si); VEC_FN(cvttpd2dq); VEC_FN(cvttpd2pi); VEC_FN(cvttps2dq); VEC_FN(cvttps2pi);
VEC_FN(cvttsd2si); VEC_FN(cvttss2si); VEC_FN(divpd); VEC_FN(divps); VEC_FN(divsd); VEC_FN(divss);
VEC_FN(dppd); VEC_FN(dpps); VEC_FN(extractf128); VEC_FN(extracti128); VEC_FN(extractps);
VEC_FN(extrq); VEC_FN(fmadd132pd); VEC_FN(fmadd132ps); VEC_FN(fmadd132sd); VEC_FN(fmadd132ss);
VEC_FN(fmadd213pd); VEC_FN(fmadd213ps); VEC_FN(fmadd213sd); VEC_FN(fmadd213ss);
VEC_FN(fmadd231pd); VEC_FN(fmadd231ps); VEC_FN(fmadd231sd); VEC_FN(fmadd231ss);
VEC_FN(fmaddsub132pd); VEC_FN(fmaddsub132ps); VEC_FN(fmaddsub213pd); VEC_FN(fmaddsub213ps);
VEC_FN(fmaddsub231pd); VEC_FN(fmaddsub231ps); VEC_FN(fmsub132pd); VEC_FN(fmsub132ps);
VEC_FN(fmsub132sd); VEC_FN(fmsub132ss); VEC_FN(fmsub213pd); VEC_FN(fmsub213ps);
VEC_FN(fmsub213sd); VEC_FN(fmsub213ss); VEC_FN(fmsub231pd); VEC_FN(fmsub231ps);
VEC_FN(fmsub231sd); VEC_FN(fmsub231ss); VEC_FN(fmsubadd132pd); VEC_FN(fmsubadd132ps);
VEC_FN(fmsubadd213pd); VEC_FN(fmsubadd213ps); VEC_FN(fmsubadd231pd); VEC_FN(fmsubadd231ps);
VEC_FN(fnmadd132pd); VEC_FN(fnmadd132ps); VEC_FN(fnmadd132sd); VEC_FN(fnmadd132ss);
VEC_FN(fnmadd213pd); VEC_FN(fnmadd213ps); VEC_FN(fnmadd213sd); VEC_FN(fnmadd213ss);
VEC_FN(fnmadd231pd); VEC_FN(fnmadd231ps); VEC_FN(fnmadd231sd); VEC_FN(fnmadd231ss);
VEC_FN(fnmsub132pd); VEC_FN(fnmsub132ps); VEC_FN(fnmsub132sd); VEC_FN(fnmsub132ss);
VEC_FN(fnmsub213pd); VEC_FN(fnmsub213ps); VEC_FN(fnmsub213sd); VEC_FN(fnmsub213ss);
VEC_FN(fnmsub231pd); VEC_FN(fnmsub231ps); VEC_FN(fnmsub231sd); VEC_FN(fnmsub231ss);
VEC_FN(gf2p8affineinvqb); VEC_FN(gf2p8affineqb); VEC_FN(gf2p8mulb); VEC_FN(haddpd);
VEC_FN(haddps); VEC_FN(hsubpd); VEC_FN(hsubps); VEC_FN(insertf128); VEC_FN(inserti128);
VEC_FN(insertps); VEC_FN(insertq); VEC_FN(lddqu); VEC_FN(maxpd); VEC_FN(maxps); VEC_FN(maxsd);
VEC_FN(maxss); VEC_FN(minpd); VEC_FN(minps); VEC_FN(minsd); VEC_FN(minss); VEC_FN(movapd);
VEC_FN(movaps); VEC_FN(movd); VEC_FN(movddup); VEC_FN(movdq2q); VEC_FN(movdqa); VEC_FN(movdqu);
VEC_FN(movhlps); VEC_FN(movhpd); VEC_FN(movhps); VEC_FN(movlhps); VEC_FN(movlpd); VEC_FN(movlps);
VEC_FN(movmskpd); VEC_FN(movmskps); VEC_FN(movntdq); VEC_FN(movntdqa); VEC_FN(movnti);
VEC_FN(movntpd); VEC_FN(movntps); VEC_FN(movntq); VEC_FN(movntsd); VEC_FN(movntss); VEC_FN(movq);
VEC_FN(movq2dq); VEC_FN(movsd); VEC_FN(movshdup); VEC_FN(movsldup); VEC_FN(movss); VEC_FN(movupd);
VEC_FN(movups); VEC_FN(mpsadbw); VEC_FN(mulpd); VEC_FN(mulps); VEC_FN(mulsd); VEC_FN(mulss);
VEC_FN(orpd); VEC_FN(orps); VEC_FN(pabsb); VEC_FN(pabsd); VEC_FN(pabsw); VEC_FN(packssdw);
VEC_FN(packsswb); VEC_FN(packusdw); VEC_FN(packuswb); VEC_FN(paddb); VEC_FN(paddd); VEC_FN(paddq);
VEC_FN(paddsb); VEC_FN(paddsw); VEC_FN(paddusb); VEC_FN(paddusw); VEC_FN(paddw); VEC_FN(palignr);
VEC_FN(pand); VEC_FN(pandn); VEC_FN(pavgb); VEC_FN(pavgw); VEC_FN(pblendd); VEC_FN(pblendvb);
VEC_FN(pblendw); VEC_FN(pbroadcastb); VEC_FN(pbroadcastd); VEC_FN(pbroadcastq);
VEC_FN(pbroadcastw); VEC_FN(pclmulqdq); VEC_FN(pcmpeqb); VEC_FN(pcmpeqd); VEC_FN(pcmpeqq);
VEC_FN(pcmpeqw); VEC_FN(pcmpestri); VEC_FN(pcmpestrm); VEC_FN(pcmpgtb); VEC_FN(pcmpgtd);
VEC_FN(pcmpgtq); VEC_FN(pcmpgtw); VEC_FN(pcmpistri); VEC_FN(pcmpistrm); VEC_FN(perm2f128);
VEC_FN(perm2i128); VEC_FN(permd); VEC_FN(permilpd); VEC_FN(permilps); VEC_FN(permpd);
VEC_FN(permps); VEC_FN(permq); VEC_FN(pextrb); VEC_FN(pextrd); VEC_FN(pextrw); VEC_FN(phaddd);
VEC_FN(phaddsw); VEC_FN(phaddw); VEC_FN(phminposuw); VEC_FN(phsubd); VEC_FN(phsubsw);
VEC_FN(phsubw); VEC_FN(pinsrb); VEC_FN(pinsrd); VEC_FN(pinsrw); VEC_FN(pmaddubsw);
VEC_FN(pmaddwd); VEC_FN(pmaxsb); VEC_FN(pmaxsd); VEC_FN(pmaxsw); VEC_FN(pmaxub); VEC_FN(pmaxud);
VEC_FN(pmaxuw); VEC_FN(pminsb); VEC_FN(pminsd); VEC_FN(pminsw); VEC_FN(pminub); VEC_FN(pminud);
VEC_FN(pminuw); VEC_FN(pmovmskb); VEC_FN(pmovsxbd); VEC_FN(pmovsxbq); VEC_FN(pmovsxbw);
VEC_FN(pmovsxdq); VEC_FN(pmovsxwd); VEC_FN(pmovsxwq); VEC_FN(pmovzxbd); VEC_FN(pmovzxbq);
VEC_FN(pmovzxbw); VEC_FN(pmovzxdq); VEC_FN(pmovzxwd); VEC_FN(pmovzxwq); VEC_FN(pmuldq);
VEC_FN(pmulhrsw); VEC_FN(pmulhuw); VEC_FN(pmulhw); VEC_FN(pmulld); VEC_FN(pmullw);
VEC_FN(pmuludq); VEC_FN(por); VEC_FN(psadbw); VEC_FN(pshufb); VEC_FN(pshufd); VEC_FN(pshufhw);
VEC_FN(pshuflw); VEC_FN(pshufw); VEC_FN(psignb); VEC_FN(psignd); VEC_FN(psignw); VEC_FN(pslld);
VEC_FN(pslldq); VEC_FN(psllq); VEC_FN(psllvd); VEC_FN(psllvq); VEC_FN(psllw); VEC_FN(psrad);
VEC_FN(psravd); VEC_FN(psraw); VEC_FN(psrld); VEC_FN(psrldq); VEC_FN(psrlq); VEC_FN(psrlvd);
VEC_FN(psrlvq); VEC_FN(psrlw); VEC_FN(psubb); VEC_FN(psubd); VEC_FN(psubq); VEC_FN(psubsb);
VEC_FN(psubsw); VEC_FN(psubusb); VEC_FN(psubusw); VEC_FN(psubw); VEC_FN(ptest); VEC_FN(punpckhbw);
VEC_FN(punpckhdq); VEC_FN(punpckhqdq); VEC_FN(punpckhwd); VEC_FN(punpcklbw); VEC_FN(punpckldq);
VEC_FN(punpcklqdq); VEC_FN(punpcklwd); VEC_FN(pxor); VEC_FN(rcpps); VEC_FN(rcpss);
VEC_FN(roundpd); VEC_FN(roundps); VEC_FN(roundsd); VEC_FN(roundss); VEC_FN(rsqrtps);
VEC_FN(rsqrtss); VEC_FN(sha1msg1); VEC_FN(sha1msg2); VEC_FN(sha1nexte); VEC_FN(sha1rnds4);
VEC_FN(sha256msg1); VEC_FN(sha256msg2); VEC_FN(sha256rnds2); VEC_FN(shufpd); VEC_FN(shufps);
VEC_FN(sqrtpd); VEC_FN(sqrtps); VEC_FN(sqrtsd); VEC_FN(sqrtss); VEC_FN(subpd); VEC_FN(subps);
VEC_FN(subsd); VEC_FN(subss); VEC_FN(testpd); VEC_FN(testps); VEC_FN(ucomisd); VEC_FN(ucomiss);
VEC_FN(unpckhpd); VEC_FN(unpckhps); VEC_FN(unpcklpd); VEC_FN(unpcklps); VEC_FN(xorpd);
VEC_FN(xorps);

#endif
