/**
 * What instructions do, by name: the vocabulary between the instruction table, whose rows say which of these each form
 * is, and whoever gives each a meaning. A table of handlers that is a `Record` of one of these types cannot miss one.
 * The lists name what the instruction table names, no more and no less (a test holds them against each other).
 */

type Words<Line extends string> = Line extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Line;

/** Without privilege, up to the Pentium Pro. */
const INTEGER = [
  "mov mov_from_sreg mov_to_sreg nop xchg lea lds les xlat lahf sahf push push_sreg pop pop_sreg pushf popf add or",
  "adc sbb and sub xor cmp test inc dec not neg mul imul div idiv cbw cwd daa das aaa aas aam aad rol ror rcl rcr",
  "shl shr sar movs cmps stos lods scas in out jmp jmp_far jmp_indirect call call_far call_indirect ret retf iret",
  "int3 int into int1 jcc loopne loope loop jcxz clc stc cmc cld std cli sti hlt fwait salc pusha popa enter leave",
  "bound ins outs setcc movzx movsx lss lfs lgs shld shrd bt bts btr btc bsf bsr cmpxchg xadd bswap cmpxchg8b",
  "cmovcc",
] as const;
/** Of operating systems, up to the Pentium II. */
const SYSTEM = [
  "sldt str lldt ltr verr verw sgdt sidt lgdt lidt smsw lmsw lar lsl clts arpl ud2 ud1 ud0 mov_from_creg",
  "mov_from_dreg mov_to_creg mov_to_dreg mov_from_treg mov_to_treg rsm invd wbinvd invlpg cpuid wrmsr rdtsc rdmsr",
  "rdpmc sysenter sysexit fxsave fxrstor",
] as const;
/** Of the x87, up to the Pentium Pro. */
const X87 = [
  "fld fild fst fist fstp fistp fbld fbstp fxch fadd fiadd fmul fimul fcom ficom fcomp ficomp fsub fisub fsubr",
  "fisubr fdiv fidiv fdivr fidivr faddp fmulp fsubp fsubrp fdivp fdivrp fcompp fnop fchs fabs ftst fxam fld1 fldl2t",
  "fldl2e fldpi fldlg2 fldln2 fldz f2xm1 fyl2x fptan fpatan fxtract fdecstp fincstp fprem fyl2xp1 fsqrt frndint",
  "fscale ffree fldcw fldenv frstor fnstcw fnstenv fnsave fnstsw fnclex fninit fneni fndisi fnsetpm fprem1 fsincos",
  "fsin fcos fucom fucomp fucompp fucomi fcomi fucomip fcomip ffreep fcmovb fcmove fcmovbe fcmovu fcmovnb fcmovne",
  "fcmovnbe fcmovnu",
] as const;
/** What later processors added beside vectors. */
const LATER = [
  "popcnt lzcnt tzcnt movbe crc32 syscall sysret clflush clflushopt clwb rdtscp monitor mwait xgetbv xsetbv xsave",
  "xrstor xsaveopt vmcall vmlaunch vmresume vmxoff vmptrld vmclear vmxon vmptrst vmread vmwrite clac stac getsec",
  "rdrand rdseed rdpid invpcid fisttp serialize wbnoinvd xsusldtrk xresldtrk rdpkru wrpkru encls enclu enclv pconfig",
  "vmfunc xsavec xsaves xrstors tpause umwait ptwrite movdiri hreset rdpru mcommit wrmsrns clzero monitorx mwaitx",
  "vmrun vmmcall vmload vmsave stgi clgi skinit invlpga adcx adox incsspd saveprevssp rstorssp wrssd wrussd setssbsy",
  "clrssbsy sha1rnds4 sha1nexte sha1msg1 sha1msg2 sha256rnds2 sha256msg1 sha256msg2 gf2p8mulb gf2p8affineqb",
  "gf2p8affineinvqb xbegin xend xtest xabort invept invvpid movdir64b enqcmd enqcmds rdfsbase rdgsbase wrfsbase",
  "wrgsbase aadd aand aor axor umonitor cldemote andn bextr blsi blsmsk blsr bzhi mulx pdep pext rorx sarx shlx shrx",
  "loadiwkey aesenc128kl aesdec128kl aesenc256kl aesdec256kl encodekey128 encodekey256 aesencwide128kl",
  "aesdecwide128kl aesencwide256kl aesdecwide256kl movntss movntsd extrq insertq",
  "tdcall vmgexit pvalidate tlbsync invlpgb",
] as const;
/** MMX, SSE and what followed them, with AES. */
const VECTOR = [
  "movd movq punpcklbw punpcklwd punpckldq packsswb pcmpgtb pcmpgtw pcmpgtd packuswb punpckhbw punpckhwd punpckhdq",
  "packssdw pcmpeqb pcmpeqw pcmpeqd psrlw psrld psrlq pmullw psubusb psubusw pand paddusb paddusw pandn psraw psrad",
  "pmulhw psubsb psubsw por paddsb paddsw pxor psllw pslld psllq pmaddwd psubb psubw psubd paddb paddw paddd emms",
  "pminub pmaxub pavgb pavgw pmulhuw pminsw pmaxsw psadbw pshufw pinsrw pextrw pmovmskb maskmovq movntq sfence",
  "paddq pmuludq psubq punpcklqdq punpckhqdq psrldq pslldq pshufd pshufhw pshuflw maskmovdqu movdqa movdqu movdq2q",
  "movq2dq movntdq movnti lfence mfence pshufb phaddw phaddd phaddsw pmaddubsw phsubw phsubd phsubsw psignb psignw",
  "psignd pmulhrsw pabsb pabsw pabsd palignr movups movss movlps movhlps movhps movlhps movaps movntps cvtpi2ps",
  "cvtsi2ss cvttps2pi cvttss2si cvtps2pi cvtss2si ucomiss comiss movmskps rsqrtps rsqrtss rcpps rcpss sqrtps addps",
  "mulps subps minps divps maxps cmpps unpcklps unpckhps andps andnps orps xorps shufps sqrtss addss mulss subss",
  "minss divss maxss cmpss ldmxcsr stmxcsr prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetch prefetchw",
  "prefetchwt1 movupd movsd movlpd movhpd movapd movntpd cvtpi2pd cvtsi2sd cvttpd2pi cvttsd2si cvtpd2pi cvtsd2si",
  "ucomisd comisd movmskpd sqrtpd addpd mulpd subpd minpd divpd maxpd cmppd unpcklpd unpckhpd andpd andnpd orpd",
  "xorpd shufpd sqrtsd addsd mulsd subsd minsd divsd maxsd cmpsd cvtps2pd cvtpd2ps cvtss2sd cvtsd2ss cvtdq2ps",
  "cvtps2dq cvttps2dq cvttpd2dq cvtdq2pd cvtpd2dq addsubpd addsubps haddpd haddps hsubpd hsubps lddqu movddup",
  "movsldup movshdup pblendvb blendvps blendvpd pmovsxbw pmovzxbw pmovsxbd pmovzxbd pmovsxbq pmovzxbq pmovsxwd",
  "pmovzxwd pmovsxwq pmovzxwq pmovsxdq pmovzxdq movntdqa ptest pmuldq pcmpeqq packusdw pminsb pminsd pminuw pminud",
  "pmaxsb pmaxsd pmaxuw pmaxud pmulld phminposuw roundps roundpd blendps blendpd pblendw dpps dppd mpsadbw roundss",
  "roundsd pextrb pextrd extractps pinsrb insertps pinsrd pcmpgtq pcmpestrm pcmpestri pcmpistrm pcmpistri aesimc",
  "aesenc aesenclast aesdec aesdeclast aeskeygenassist pclmulqdq",
] as const;

/** What no processor here has. */
const FOREIGN = [
  "femms pavgusb pf2id pfacc pfadd pfcmpeq pfcmpge pfcmpgt pfmax pfmin pfmul pfrcp pfrcpit1 pfrcpit2 pfrsqit1 pfrsqrt",
  "pfsub pfsubr pi2fd pmulhrw pf2iw pfnacc pfpnacc pi2fw pswapd bndmk bndmov bndcl bndcu bndcn bndstx bndldx blcfill",
  "blci blcic blcmsk blcs blsfill blsic t1mskc tzmsk llwpcb slwpcb lwpval lwpins xstore xcryptecb xcryptcbc xcryptctr",
  "xcryptcfb xcryptofb montmul xsha1 xsha256 frstpm",
] as const;

export type IntegerSemantic = Words<(typeof INTEGER)[number]>;
export type SystemSemantic = Words<(typeof SYSTEM)[number]>;
export type X87Semantic = Words<(typeof X87)[number]>;
export type LaterSemantic = Words<(typeof LATER)[number]>;
export type VectorSemantic = Words<(typeof VECTOR)[number]>;
export type ForeignSemantic = Words<(typeof FOREIGN)[number]>;
export type Semantic =
  | IntegerSemantic
  | SystemSemantic
  | X87Semantic
  | LaterSemantic
  | VectorSemantic
  | ForeignSemantic;

/** All of them. */
export const SEMANTICS: ReadonlySet<string> = new Set(
  [...INTEGER, ...SYSTEM, ...X87, ...LATER, ...VECTOR, ...FOREIGN].flatMap((line) => line.split(" ")),
);
