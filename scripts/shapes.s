# Instructions as compilers write them: one for each shape (src/assembler/read/shape.ts) that stood in three or more of
# 103 outputs of gcc 12. scripts/build.mjs encodes them once, and `qure as` comes with what they became.
adcl $-1, %eax
adcl $-1, %edx
adcl $-1, -12(%ebp)
adcl $-1, 12(%esp)
adcl $0, %edx
adcl $0, -28(%ebp)
adcl $0, 4(%esp)
adcl $2147483647, %edx
adcl $85899345, %edx
adcl %ebx, %edx
adcl %edx, -12(%ebp)
adcl -28(%ebp), %edx
adcl 12(%esp), %edx
adcl 4(%ecx), %edx
addb $1, 60(%esi)
addb $48, %al
addb $48, %dl
addb %al, %dl
addb %cl, %cl
addb %cl, %dl
addb %dl, %al
addb %dl, %bl
addb %dl, %cl
addb (%esi), %dl
addb -1(%ecx), %al
addb -1(%edx), %cl
addb 1(%ebx,%ecx), %dl
addb 1(%ebx,%edx), %cl
addb 80(%esp), %dl
addl $-1, %eax
addl $-1, (%esp)
addl $-1, -16(%ebp)
addl $-1, 8(%esp)
addl $-128, %esp
addl $-1601, %eax
addl $-2147483648, %eax
addl $-2147483648, %edx
addl $1, %eax
addl $1, %ecx
addl $1, (%ebx)
addl $1, (%esp)
addl $1, -4(%ebp)
addl $1, 128(%esp)
addl $1, 16(%ebx)
addl $1, 172(%ebp)
addl $1, 172(%esi)
addl $1, 18412(%ebx)
addl $1, 20(%ebp)
addl $1, 536(%esp)
addl $1, 8(%esp)
addl $1, 80(%esp,%eax,4)
addl $1023, %eax
addl $1073741823, %eax
addl $1073741823, %edx
addl $1073741824, %eax
addl $1074, %esi
addl $12, 8(%eax)
addl $140, %esp
addl $144, %eax
addl $16, 168(%esp)
addl $16777215, %eax
addl $16842752, -52(%ebp)
addl $20, %esp
addl $2097152, %edx
addl $2146959370, %edx
addl $2147483647, %eax
addl $2147483647, %ecx
addl $3, %eax
addl $3, %edi
addl $3, (%esp)
addl $3, -56(%ebp)
addl $3, 12(%eax)
addl $3, 68(%esp)
addl $3, 8(%ebp)
addl $32, %eax
addl $32768, %edx
addl $34956, %esp
addl $34972, %esp
addl $4, (%esi)
addl $4, (%esp)
addl $4, 12(%ebp)
addl $4, 4(%esp)
addl $48, -4(%ebp)
addl $512, -108(%ebp)
addl $512, 24(%esp)
addl $65535, %eax
addl $65535, %esi
addl $65536, 92(%ebx)
addl $9, 552(%esp)
addl %eax, %eax
addl %eax, %edx
addl %eax, (%ebx)
addl %eax, (%esp)
addl %eax, -12(%ebp)
addl %eax, -360(%ebp)
addl %eax, 12(%ebp)
addl %eax, 12(%esi)
addl %eax, 12(%esp)
addl %eax, 136(%esp)
addl %eax, 172(%ebx)
addl %eax, 18400(%esi)
addl %eax, 392(%esp)
addl %ebx, -544(%ebp)
addl %ebx, 0(%ebp)
addl %ecx, (%edx)
addl %ecx, 16(%ebp)
addl %edi, %esi
addl %edi, 5824(%esi)
addl %edx, %eax
addl %edx, -16(%ebp)
addl %edx, 136(%esp)
addl %edx, 168(%ebx)
addl %edx, 392(%esp)
addl %edx, 5824(%ebp)
addl %esi, (%esp)
addl %esi, -4(%edi)
addl %esi, 12(%ebx)
addl %esi, 4(%esp)
addl (%ecx), %eax
addl (%esi), %edx
addl (%esp), %eax
addl (%esp), %esi
addl -28(%ebp), %edx
addl -32(%ebp), %eax
addl -4(%edx), %eax
addl 0(%ebp), %eax
addl 12(%ebp), %esi
addl 156(%esp), %eax
addl 1612(%ebx,%eax,4), %edi
addl 168(%edi), %eax
addl 172(%esp), %esi
addl 18120(%esi), %eax
addl 18136(%ebx), %edx
addl 24(%ebp), %eax
addl 28(%esp), %edx
addl 312(%esp), %eax
addl 34876(%ebx), %eax
addl 34888(%ebx), %eax
addl 34892(%ebx), %eax
addl 4(%ebx,%eax,4), %ecx
addl 4356(%esp), %edi
addl 44(%eax), %edx
addl 48(%ecx), %eax
addl 5788(%ebp), %eax
addl 8(%esp), %eax
addw $1, 104(%esp,%ecx,2)
addw $1, 1176(%ebp,%ecx,4)
addw $1, 1176(%esi,%edx,4)
addw $1, 148(%ebp,%eax,4)
addw $1, 148(%esi,%eax,4)
addw $1, 2748(%esi)
addw $1, 2876(%ebx,%eax,2)
addw $1, 54(%eax)
addw $1, 54(%ebp)
addw $192, %bx
addw $2, 2876(%ebx,%ecx,2)
addw $256, %bx
addw %ax, %cx
addw %ax, %dx
addw %ax, (%edx)
addw %ax, 2684(%esi,%ebx,4)
addw %bx, %dx
addw %cx, %ax
addw %di, 54(%eax)
addw %dx, %ax
addw %si, %bx
addw 0(%ebp), %si
addw 52(%esp), %dx
andb $-33, %al
andb $-33, %dl
andb $-64, %cl
andb $-64, 6(%esi)
andb $1, %al
andb $1, %cl
andb $1, %dl
andb $32, %cl
andb $64, %dl
andb $8, %al
andb %al, %dl
andb %cl, %al
andb %cl, %bl
andb %dl, %al
andb 20(%esp), %al
andl $-1048577, 32(%esi)
andl $-1073741824, %eax
andl $-1073741824, %edx
andl $-16711681, %eax
andl $-16777217, %edx
andl $-2147483627, %ecx
andl $-2147483648, %eax
andl $-2147483648, %edi
andl $-32641, %eax
andl $-32641, %edx
andl $-33, %eax
andl $-8, %edx
andl $-8, -48(%ebp)
andl $1, %eax
andl $1, %esi
andl $1048575, %eax
andl $1048575, %ebx
andl $1073741823, %eax
andl $1073741823, %edx
andl $12, %eax
andl $128, %eax
andl $1431655765, %eax
andl $1431655765, %edx
andl $15, 4(%esp)
andl $161, %edi
andl $2047, %eax
andl $2047, %edx
andl $2147483647, %eax
andl $2147483647, %edi
andl $3, %eax
andl $3, %edx
andl $31, %ebp
andl $31, -28(%ebp)
andl $31, 12(%ebp)
andl $32768, %eax
andl $32768, %edx
andl $43690, %eax
andl $512, 44(%esp)
andl $52428, %eax
andl $52428, %edx
andl $57344, %eax
andl $61680, %eax
andl $65280, %eax
andl $65534, %eax
andl %eax, %edi
andl %eax, -32(%ebp)
andl %ebx, %ecx
andl %edx, %eax
andl -16(%ebp), %eax
andl -16(%ebp), %ebx
andl 0(%ebp,%eax,4), %ecx
andl 116(%esp), %eax
andl 12(%ebp), %edx
andl 128(%esp), %ecx
andl 20(%ebp), %eax
andl 64(%esp), %ecx
andl 8(%ecx), %ebp
andl 8(%edx), %eax
andw $-3073, %ax
andw $-3073, %dx
bsfl %edi, %eax
bsrl %eax, %eax
bsrl %eax, %edx
bsrl %edx, %eax
bsrl %edx, %edx
bsrl 8(%ebp), %eax
bswap %eax
bswap %ecx
btl $15, %eax
btl $20, %ecx
btl %eax, %edx
btl %ebx, %ecx
btl %edx, %eax
call *%eax
call *%edi
call *(%ebx)
call *0(%ebp)
cbtw
cltd
cmova %eax, %ecx
cmova %ebp, %edx
cmova %edi, %eax
cmovb %eax, %edx
cmovb %ecx, %edx
cmovb %esi, %eax
cmovb 40(%esp), %esi
cmovbe %eax, %esi
cmovbe %edi, %ebp
cmovbe %edx, %eax
cmovc %ebx, %eax
cmovc %ecx, %edx
cmove %eax, %ecx
cmove %esi, %eax
cmove %esi, %edx
cmove -76(%ebp), %ebx
cmove -80(%ebp), %eax
cmove 16(%esp), %ecx
cmove 24(%esp), %eax
cmovg %eax, %edi
cmovg %edi, %eax
cmovg %edx, %esi
cmovg 64(%esp), %ebx
cmovg 8(%ebp), %eax
cmovge %eax, %ebx
cmovge %ecx, %eax
cmovge %edx, %ebx
cmovge 4(%esp), %ecx
cmovl %eax, %edx
cmovl %edi, %ebx
cmovl %edx, %eax
cmovle %eax, %edx
cmovle %ebx, %eax
cmovle %ebx, %esi
cmovle 16(%esp), %dx
cmovle 64(%esp), %eax
cmovle 8(%ebp), %ebx
cmovle 80(%esp), %ebx
cmovnb %eax, %edx
cmovnb %ecx, %eax
cmovnb %esi, %edx
cmovnb 12(%esp), %ecx
cmovnc %ecx, %eax
cmovne %eax, %edx
cmovne %ebx, %eax
cmovne %edi, %esi
cmovne -28(%ebp), %edi
cmovne 1140(%esp), %eax
cmovne 128(%esp), %eax
cmovne 20(%esp), %eax
cmovne 36(%esp), %bx
cmovne 4(%esp), %esi
cmovne 40(%esp), %dx
cmovns %eax, %edx
cmovns %ecx, %esi
cmovns %edx, %eax
cmovs %eax, %edx
cmovs %ecx, %edx
cmovs %edx, %eax
cmpb $-1, -9(%ebp)
cmpb $-128, %dl
cmpb $-128, (%ebx,%edx)
cmpb $-2, %cl
cmpb $-3, %al
cmpb $-3, 7(%edx)
cmpb $0, (%eax)
cmpb $0, (%esi,%eax)
cmpb $0, -1(%edx,%eax)
cmpb $0, -12(%ebp)
cmpb $0, -15(%edx)
cmpb $0, 0(%ebp)
cmpb $0, 16(%ecx)
cmpb $0, 180(%esp)
cmpb $0, 24(%esp)
cmpb $0, 4(%eax,%esi,8)
cmpb $0, 7(%ebp)
cmpb $1, %al
cmpb $1, %cl
cmpb $1, %dl
cmpb $1, 72(%eax)
cmpb $1, 84(%esp)
cmpb $19, (%esp)
cmpb $3, %al
cmpb $3, %cl
cmpb $3, %dl
cmpb $3, -33(%ebp)
cmpb $3, 12(%esp)
cmpb $3, 9(%eax)
cmpb $32, (%ecx,%eax)
cmpb $37, 0(%ebp)
cmpb $37, 1(%ebp)
cmpb $4, -20(%ebp)
cmpb $46, 1(%ecx)
cmpb $48, %al
cmpb $48, (%ebx)
cmpb $70, -4(%edx)
cmpb $80, %cl
cmpb $88, %dl
cmpb $94, 43(%esp)
cmpb %al, %cl
cmpb %al, %dl
cmpb %al, (%edx,%esi)
cmpb %al, (%esi)
cmpb %al, -59(%ebp)
cmpb %al, 10(%ebx)
cmpb %al, 39(%esp)
cmpb %al, 5208(%ebx,%ecx)
cmpb %bl, (%edx,%eax)
cmpb %cl, %al
cmpb %cl, %bl
cmpb %cl, (%eax,%esi)
cmpb %cl, (%edx,%eax,2)
cmpb %cl, (%esi)
cmpb %cl, -1(%ebx,%eax)
cmpb %cl, 1(%ebx)
cmpb %cl, 1(%edx,%eax,4)
cmpb %dl, %al
cmpb %dl, %bl
cmpb %dl, %cl
cmpb %dl, (%ebx,%eax,4)
cmpb %dl, (%edi)
cmpb %dl, 10(%ebx)
cmpb %dl, 5208(%ebx,%ecx)
cmpb (%esi), %al
cmpb 1(%ebp,%esi), %al
cmpb 1(%ebx), %cl
cmpb 1(%ebx), %dl
cmpb 1(%ecx,%eax), %dl
cmpb 1(%esi), %al
cmpb 1(%esi,%ebp), %al
cmpl $-1, %eax
cmpl $-1, %ebx
cmpl $-1, 16(%ebp)
cmpl $-1, 28(%ebp,%eax,8)
cmpl $-1, 28(%ebx,%eax,8)
cmpl $-1, 4(%eax)
cmpl $-1, 48(%esp)
cmpl $-10, -200(%ebp)
cmpl $-10, -296(%ebp)
cmpl $-1021, %esi
cmpl $-1073, %eax
cmpl $-1073742822, %eax
cmpl $-1073742822, %edx
cmpl $-1073742823, %eax
cmpl $-1073742823, %edi
cmpl $-1074, -200(%ebp)
cmpl $-1431655766, %ecx
cmpl $-1431655767, %ecx
cmpl $-1431655767, -16(%ebp)
cmpl $-16777215, -16(%ebp)
cmpl $-16777216, %eax
cmpl $-16777216, 24(%esp)
cmpl $-2147483648, %eax
cmpl $-2147483648, %ebx
cmpl $-22136, 56(%esp)
cmpl $-5, -40(%ebp)
cmpl $0, %edi
cmpl $0, (%eax)
cmpl $0, (%eax,%edx,4)
cmpl $0, (%esp)
cmpl $0, -1824(%ebp)
cmpl $0, -200(%ebp)
cmpl $0, -8(%ebp)
cmpl $0, 0(%ebp)
cmpl $0, 132(%ebx)
cmpl $0, 136(%esp)
cmpl $0, 20(%ebp)
cmpl $0, 4(%eax)
cmpl $0, 4(%eax,%edx,4)
cmpl $0, 76(%esp)
cmpl $0, 772(%ebp)
cmpl $0, 772(%edi)
cmpl $1, %eax
cmpl $1, %edx
cmpl $1, (%eax)
cmpl $1, (%esp)
cmpl $1, -352(%ebp)
cmpl $1, -44(%ebp)
cmpl $1, 0(%ebp)
cmpl $1, 12(%ebp)
cmpl $1, 136(%ebp)
cmpl $1, 136(%esi)
cmpl $1, 140(%esp)
cmpl $1, 18416(%ebp)
cmpl $1, 28(%esp)
cmpl $1, 292(%esp)
cmpl $1, 8(%esi)
cmpl $10, %ebx
cmpl $101, 144(%esp)
cmpl $1073741823, %eax
cmpl $1073741823, %edx
cmpl $1073741823, -12(%ebp)
cmpl $1073741823, 16(%ebp)
cmpl $1073741824, %esi
cmpl $1073741826, %esi
cmpl $1073741827, %esi
cmpl $1073742822, %eax
cmpl $1073742822, %ecx
cmpl $1073742823, %ebx
cmpl $1130840649, %eax
cmpl $1229209940, %eax
cmpl $1229278788, %eax
cmpl $1229472850, %eax
cmpl $131071, 16(%ebp)
cmpl $1347179589, %eax
cmpl $136, 28(%esp)
cmpl $15, 18368(%eax)
cmpl $1599, 12(%esp)
cmpl $16, -200(%ebp)
cmpl $16777216, (%esi)
cmpl $1769104211, 80(%esp)
cmpl $1951551059, %eax
cmpl $1953394531, (%ebx)
cmpl $2, (%esp)
cmpl $20, 0(%ebp)
cmpl $2047, %edx
cmpl $2047, -20(%ebp)
cmpl $2097151, %edx
cmpl $2097151, -20(%ebp)
cmpl $2147483646, %esi
cmpl $2147483647, %eax
cmpl $2147483647, %edx
cmpl $2147483647, -24(%ebp)
cmpl $2147483647, 28(%eax)
cmpl $2147483647, 40(%esp)
cmpl $216, %eax
cmpl $23, 18368(%ebp)
cmpl $240, %edx
cmpl $255, -16(%ebp)
cmpl $255, -200(%ebp)
cmpl $255, 12(%ebp)
cmpl $261, (%esp)
cmpl $27, -8228(%ebp)
cmpl $288, 12(%ebp)
cmpl $289, 24(%ebx)
cmpl $296, %eax
cmpl $3, %eax
cmpl $3, %ecx
cmpl $3, (%esp)
cmpl $3, -12(%ebp)
cmpl $3, 132(%esp)
cmpl $3, 20(%esp)
cmpl $3, 8(%ebp)
cmpl $3, 8(%esi)
cmpl $305419896, 56(%esp)
cmpl $31, 20(%ebp)
cmpl $33899, %eax
cmpl $35615, -44(%ebp)
cmpl $35615, 8(%esp)
cmpl $357913941, %eax
cmpl $4, (%edx)
cmpl $4, 136(%ebx)
cmpl $49, 4360(%esp)
cmpl $5, 24(%esp)
cmpl $59, 12(%ebx)
cmpl $65280, 36(%esp)
cmpl $65520, %eax
cmpl $65520, %edi
cmpl $65533, %eax
cmpl $65534, %ecx
cmpl $65535, %eax
cmpl $65535, %edx
cmpl $65535, -12(%ebp)
cmpl $65535, 12(%ebp)
cmpl $65535, 52(%esp)
cmpl $65535, 92(%eax)
cmpl $65536, 92(%edx)
cmpl $8, %eax
cmpl $9, -200(%ebp)
cmpl $9, -4(%ebp)
cmpl %eax, %eax
cmpl %eax, %edx
cmpl %eax, (%edi)
cmpl %eax, (%esp)
cmpl %eax, -1904(%ebp)
cmpl %eax, -200(%ebp)
cmpl %eax, -4(%ebp)
cmpl %eax, -4(%edi)
cmpl %eax, 1096(%esi)
cmpl %eax, 132(%ebx)
cmpl %eax, 144(%esp)
cmpl %eax, 16(%ebp)
cmpl %eax, 172(%ebp)
cmpl %eax, 18388(%ebp)
cmpl %eax, 264(%esp)
cmpl %eax, 8(%edx)
cmpl %eax, 92(%esp)
cmpl %ebp, %esi
cmpl %ebp, 18388(%esi)
cmpl %ebp, 272(%esp)
cmpl %ebx, 12(%eax)
cmpl %ebx, 12(%esp)
cmpl %ebx, 18388(%ebp)
cmpl %ebx, 8(%ebp)
cmpl %ecx, -12(%edx)
cmpl %ecx, -200(%ebp)
cmpl %ecx, 176(%esi)
cmpl %ecx, 4(%eax,%esi)
cmpl %ecx, 4(%ebp,%eax,4)
cmpl %ecx, 4(%ebx,%eax,4)
cmpl %edi, %eax
cmpl %edi, -1(%ecx,%eax,8)
cmpl %edi, -200(%ebp)
cmpl %edi, -332(%ebp)
cmpl %edx, (%eax)
cmpl %edx, (%esp)
cmpl %edx, -200(%ebp)
cmpl %edx, -28(%ebp)
cmpl %edx, 132(%ebp)
cmpl %edx, 152(%esp)
cmpl %esi, (%edx,%ecx,4)
cmpl %esi, -200(%ebp)
cmpl %esi, 0(%ebp)
cmpl (%eax,%edx,4), %esi
cmpl (%esi), %eax
cmpl (%esi), %ecx
cmpl (%esi,%eax,8), %ecx
cmpl -12(%eax), %edi
cmpl -200(%ebp), %eax
cmpl -8(%ebp), %eax
cmpl -8(%ebp), %edx
cmpl -8(%edi), %eax
cmpl -816(%ebp), %eax
cmpl 0(%ebp), %eax
cmpl 0(%ebp), %edi
cmpl 0(%ebp,%eax,8), %ecx
cmpl 12(%ebp), %eax
cmpl 124(%esp), %eax
cmpl 128(%ebp), %ebx
cmpl 128(%esi), %ebx
cmpl 136(%esp), %edx
cmpl 152(%esp), %eax
cmpl 1540(%ebx,%eax,4), %ecx
cmpl 1580(%ebx), %ecx
cmpl 16(%ebp), %edx
cmpl 18064(%ebp), %eax
cmpl 18084(%esi), %eax
cmpl 18416(%ebp), %esi
cmpl 20(%ecx), %eax
cmpl 216(%ebp), %eax
cmpl 216(%ebx), %eax
cmpl 34880(%ebx), %eax
cmpl 34884(%ebx), %eax
cmpl 388(%esp), %eax
cmpl 612(%esp), %ebx
cmpl 64(%esp), %ebx
cmpl 8(%ecx), %edx
cmpw $-1, %ax
cmpw $-3, %cx
cmpw $-3, %dx
cmpw $0, (%eax,%edi,2)
cmpw $0, (%edx,%eax,4)
cmpw $0, (%esi)
cmpw $0, -28(%ebp)
cmpw $0, 184(%ebx)
cmpw $0, 2686(%ebx,%edx,4)
cmpw $0, 6(%ebx)
cmpw $0, 628(%ecx)
cmpw $1, %ax
cmpw $1, %bp
cmpw $1, %dx
cmpw $10, 4(%ebx)
cmpw $127, %cx
cmpw $197, 92(%eax)
cmpw $199, %ax
cmpw $199, %dx
cmpw $2, %ax
cmpw $2, %dx
cmpw $2047, %cx
cmpw $2047, %dx
cmpw $255, %di
cmpw $255, -20(%ebp)
cmpw $27745, 20(%eax)
cmpw $3, %ax
cmpw $30028, 72(%esp)
cmpw $6, -34(%ebp)
cmpw $6, 14(%esp)
cmpw %ax, %dx
cmpw %ax, -6(%ebp)
cmpw %ax, 100(%esp)
cmpw %bp, %bx
cmpw %cx, %dx
cmpw %di, 2(%edx,%eax,8)
cmpw %di, 64(%esp)
cmpw %dx, %ax
cmpw %dx, %cx
cmpw %dx, (%ebx,%eax,8)
cmpw %si, (%edx,%eax,4)
cmpw 12(%eax), %dx
cmpw 24(%esp), %bp
cwtl
decb %al
decb %dl
decb 57(%ebx)
decl %eax
decl %esi
decl -260(%ebp)
decl -64(%ebp)
decl 100(%edi)
decl 18400(%esi)
decl 20(%ebp)
decl 48(%esp)
decw %ax
decw %cx
divl %ebp
divl -40(%ebp)
divl 12(%esp)
divl 16(%ebp)
fabs
fadd %st(0), %st
fadd %st(1), %st
fadd %st(2), %st
fadd %st(3), %st
fadd %st(4), %st
fadd %st(5), %st
fadd %st(6), %st
fadd %st(7), %st
fadd %st, %st(1)
fadd %st, %st(2)
faddl (%ecx)
faddl -1656(%ebp)
faddl -24(%ebp)
faddl 24(%edx)
faddl 8(%esp)
faddp %st, %st(1)
faddp %st, %st(2)
faddp %st, %st(3)
faddp %st, %st(4)
faddp %st, %st(5)
faddp %st, %st(6)
fadds (%ecx)
fadds (%edx,%eax,4)
fadds (%esp)
fadds -100(%ebp)
fadds -4(%edx)
fadds 0(%ebp)
fadds 12(%ebp)
fadds 140(%esp)
fadds 4(%edx)
fadds 64(%esp)
fchs
fcmovb %st(1), %st
fcmovbe %st(1), %st
fcmovbe %st(2), %st
fcmovbe %st(4), %st
fcmove %st(1), %st
fcmove %st(3), %st
fcmovnb %st(1), %st
fcmovnbe %st(1), %st
fcmovnbe %st(3), %st
fcmovnbe %st(4), %st
fcmovne %st(1), %st
fcomi %st(1), %st
fcomi %st(2), %st
fcomi %st(3), %st
fcomi %st(4), %st
fcomi %st(5), %st
fcomi %st(6), %st
fcomip %st(1), %st
fcomip %st(2), %st
fcomip %st(3), %st
fcomip %st(4), %st
fcomip %st(5), %st
fdiv %st(1), %st
fdiv %st(2), %st
fdiv %st(4), %st
fdiv %st(5), %st
fdiv %st, %st(1)
fdivl -24(%ebp)
fdivp %st, %st(1)
fdivp %st, %st(2)
fdivp %st, %st(3)
fdivr %st(2), %st
fdivr %st(3), %st
fdivr %st, %st(1)
fdivrl -48(%ebp)
fdivrl 16(%esp)
fdivrp %st, %st(1)
fdivrp %st, %st(2)
fdivrp %st, %st(3)
fdivrs 12(%esp)
fdivrs 296(%esp)
fdivs -304(%ebp)
fdivs -92(%ebp)
fdivs 228(%esp)
fdivs 4(%esp)
fdivs 8(%ebp)
fiaddl -76(%ebp)
fidivrl -12(%ebp)
fildl (%esp)
fildl -200(%ebp)
fildl -2008(%ebp)
fildl -48(%ebp)
fildl 16(%ebp)
fildl 172(%esp)
fildl 32(%esp)
fildl 660(%esp)
fildq (%eax)
fildq (%esp)
fildq -2248(%ebp)
fildq -32(%ebp)
fildq 4(%esp)
filds (%eax)
filds -126(%ebp)
filds -14(%edi)
filds -480(%ebp)
filds 2(%eax)
filds 4(%esp)
fistl 8(%esp)
fistpl (%edi)
fistpl (%esp)
fistpl -200(%ebp)
fistpl -368(%ebp)
fistpl -48(%ebp)
fistpl 0(%ebp)
fistpl 4(%esp)
fistpq (%ebx)
fistpq (%esp)
fistpq -12(%eax)
fistpq -48(%ebp)
fistpq 4(%esp)
fistps -112(%ebp)
fistps -14(%eax)
fistps 20(%esp)
fld %st(0)
fld %st(1)
fld %st(2)
fld %st(3)
fld %st(4)
fld %st(5)
fld %st(6)
fld1
fldcw -200(%ebp)
fldcw -36(%ebp)
fldcw -476(%ebp)
fldcw 196(%esp)
fldcw 2(%esp)
fldl (%eax)
fldl (%esp)
fldl -1648(%ebp)
fldl -200(%ebp)
fldl -24(%ebp)
fldl -256(%ebp)
fldl 16(%esp)
fldl 248(%esp)
fldl 4(%eax)
fldl 8(%ebp)
flds (%ebx,%eax,4)
flds (%edx)
flds (%esp)
flds -16(%eax)
flds -20(%ebp,%edi,4)
flds -200(%ebp)
flds -684(%ebp)
flds -80(%ebp)
flds 0(%ebp)
flds 0(%ebp,%esi,4)
flds 232(%esp)
flds 256(%esp)
flds 304(%esp,%eax,4)
flds 4(%edi,%eax,8)
flds 64(%esp)
flds 8(%eax)
flds 8(%ebp)
fldz
fmul %st(0), %st
fmul %st(1), %st
fmul %st(2), %st
fmul %st(3), %st
fmul %st(4), %st
fmul %st(5), %st
fmul %st(6), %st
fmul %st(7), %st
fmul %st, %st(1)
fmul %st, %st(2)
fmul %st, %st(3)
fmul %st, %st(4)
fmul %st, %st(5)
fmull -24(%ebp)
fmull 24(%esp)
fmulp %st, %st(1)
fmulp %st, %st(2)
fmulp %st, %st(3)
fmulp %st, %st(4)
fmulp %st, %st(5)
fmulp %st, %st(6)
fmuls (%esi)
fmuls (%esi,%eax,4)
fmuls -96(%ebp)
fmuls 16(%eax)
fmuls 16(%ebp)
fmuls 16(%esp)
fmuls 228(%esp)
fnstcw -200(%ebp)
fnstcw -34(%ebp)
fnstcw -474(%ebp)
fnstcw 198(%esp)
fnstcw 6(%esp)
fnstsw %ax
frndint
fsqrt
fstl (%eax)
fstl (%esp)
fstl -48(%ebp)
fstl 28(%esp)
fstp %st(0)
fstp %st(1)
fstp %st(2)
fstp %st(3)
fstp %st(4)
fstp %st(5)
fstp %st(6)
fstp %st(7)
fstpl (%eax)
fstpl (%esp)
fstpl -12(%edx)
fstpl -1648(%ebp)
fstpl -200(%ebp)
fstpl -256(%ebp)
fstpl -8(%ebp)
fstpl 0(%ebp)
fstpl 0(%ebp,%edx,4)
fstpl 144(%esp)
fstpl 16(%esp)
fstpl 4(%eax)
fstpl 4(%ebp)
fstps (%eax)
fstps (%esi,%ecx,4)
fstps (%esp)
fstps -200(%ebp)
fstps -28(%ebp)
fstps -312(%ebp,%eax,4)
fstps -4(%edx)
fstps -684(%ebp)
fstps 0(%ebp)
fstps 0(%ebp,%edx,4)
fstps 140(%esp)
fstps 16(%eax)
fstps 20(%ebp)
fstps 4(%edx,%eax,4)
fstps 4064(%esp,%eax,4)
fstps 56(%esp)
fsts (%eax)
fsts (%esp)
fsts 140(%esp)
fsts 40(%esp)
fsts 8(%edi)
fsub %st(1), %st
fsub %st(2), %st
fsub %st(3), %st
fsub %st(4), %st
fsub %st(5), %st
fsub %st(6), %st
fsub %st, %st(1)
fsubl -24(%ebp)
fsubp %st, %st(1)
fsubp %st, %st(2)
fsubp %st, %st(3)
fsubp %st, %st(4)
fsubp %st, %st(5)
fsubp %st, %st(7)
fsubr %st(1), %st
fsubr %st(2), %st
fsubr %st(3), %st
fsubr %st(4), %st
fsubr %st(5), %st
fsubr %st(6), %st
fsubr %st, %st(1)
fsubr %st, %st(3)
fsubrp %st, %st(1)
fsubrp %st, %st(2)
fsubrp %st, %st(3)
fsubrp %st, %st(4)
fsubrp %st, %st(6)
fsubrs 28(%esp)
fsubs (%ecx)
fsubs -288(%ebp)
fsubs -96(%ebp)
fsubs 20(%ebp)
fsubs 80(%esp)
fucomi %st(0), %st
fucomi %st(1), %st
fucomi %st(2), %st
fucomi %st(3), %st
fucomi %st(4), %st
fucomi %st(5), %st
fucomip %st(0), %st
fucomip %st(1), %st
fucomip %st(2), %st
fucomip %st(3), %st
fucomip %st(4), %st
fucomip %st(5), %st
fxam
fxch %st(1)
fxch %st(2)
fxch %st(3)
fxch %st(4)
fxch %st(5)
fxch %st(6)
fxch %st(7)
idivl %ecx
idivl (%edi)
idivl -24(%ebp)
idivl 0(%ebp)
idivl 12(%ebp)
idivl 136(%esp)
idivl 20(%esp)
idivl 4(%edi)
imull $-1108378657, %eax, %eax
imull $-12, %ebx, %ebx
imull $-1431655765, %eax, %eax
imull $-1431655765, %eax, %ebx
imull $-1431655765, %ebx, %eax
imull $-1431655765, %edx, %edx
imull $-1640562687, %eax, %eax
imull $-360960, %eax, %eax
imull $-360960, %edx, %eax
imull $-4, %ecx, %eax
imull $-748800, %eax, %edx
imull $-748800, %ecx, %ecx
imull $-7567, %ebx, %ebx
imull $-8034, %eax, %eax
imull $-8034, %esi, %eax
imull $0, %eax, %eax
imull $0, %eax, %ecx
imull $10, %eax, %edx
imull $10, %ebx, %ebx
imull $12, %esi, %eax
imull $12, 8(%ebp), %eax
imull $1223, 28(%ebp), %edi
imull $1470208, %eax, %edx
imull $1470208, %ecx, %ebp
imull $150, %eax, %eax
imull $150, %ebp, %ebp
imull $1640531527, %eax, %eax
imull $1680, 16(%esp), %eax
imull $1680, 18092(%edi), %eax
imull $1680, 18092(%esi), %ecx
imull $1858048, %eax, %eax
imull $20, 60(%esp), %ecx
imull $20, 92(%esp), %eax
imull $24, -32(%ebp), %eax
imull $24, 12(%eax), %ecx
imull $263, %eax, %eax
imull $263, %eax, %edx
imull $3135, %edx, %edx
imull $5, -20(%ebp), %ecx
imull $53, %eax, %eax
imull $5552, %edx, %eax
imull $65521, %eax, %eax
imull $65521, %edx, %eax
imull $65521, %edx, %edx
imull %eax, %edi
imull %ecx, %esi
imull %edx
imull %edx, %eax
imull (%edx), %ecx
imull (%esi), %eax
imull -24(%ebp), %eax
imull -36(%ebp), %ebx
imull 128(%esp), %eax
imull 128(%esp), %esi
imull 132(%esp)
imull 18084(%esi), %edi
imull 18140(%edi), %eax
imull 20(%ebp), %edx
imull 2096(%esp), %eax
imull 24(%ebp), %eax
imull 336(%esp), %edi
imull 36(%esp), %ecx
imull 4(%ecx), %edi
imull 4(%esi), %eax
imull 76(%esp), %eax
imulw (%ecx,%ebx,2), %ax
imulw (%esi,%eax,2), %dx
imulw 12(%esp), %ax
incb %al
incb %cl
incb %dl
incb 60(%ebx)
incl %eax
incl %esi
incl (%esi)
incl -200(%ebp)
incl -320(%ebp)
incl -92(%ebp)
incl 16(%ebx)
incl 172(%ebx)
incl 18412(%ebx)
incl 20(%esp)
incl 8(%ebp)
incl 80(%esp,%edx,4)
incw 1176(%esi,%edx,4)
incw 148(%esi,%eax,4)
incw 2748(%esi)
incw 2876(%ebx,%eax,2)
incw 54(%eax)
jmp *%eax
jmp *%ecx
jmp *(%esi,%eax,4)
leal (%eax,%ebx,2), %esi
leal (%ebp,%ebp), %eax
leal (%ebp,%ebp), %esi
leal (%ecx,%eax,8), %ecx
leal (%edi,%edx), %eax
leal (%edx,%edx,2), %eax
leal (%edx,%edx,4), %eax
leal (%esi,%ecx,4), %ebp
leal (%esi,%edi,8), %eax
leal (%esi,%edx), %ecx
leal -1(%eax), %edx
leal -1(%ebp,%esi), %eax
leal -1(%ecx), %eax
leal -1(,%eax,4), %eax
leal -1(,%eax,8), %ecx
leal -10(%ebp,%ebx,8), %ebp
leal -1022(%eax), %edx
leal -1024(%edx), %eax
leal -1073742823(%ebx), %edi
leal -1073742824(%ebx), %eax
leal -12(%eax,%edx,4), %ecx
leal -16(%ebp,%eax), %ecx
leal -16777214(%ebx,%eax), %eax
leal -16777214(%ecx,%eax), %ecx
leal -16777215(%eax), %ecx
leal -200(%eax), %ebp
leal -200(%eax), %edx
leal -200(%ebp), %eax
leal -200(%ebp), %ecx
leal -200(%ebp), %edi
leal -200(%ebp), %edx
leal -200(%ebp), %esi
leal -200(%ebx), %eax
leal -200(%edx), %eax
leal -2147483647(%eax), %esi
leal -2147483648(%eax), %ecx
leal -26(%ebp), %eax
leal -284(%ebp), %eax
leal -3(%eax,%eax,2), %eax
leal -30(%eax,%edi), %eax
leal -30(%edx,%eax), %edx
leal -332(%ebp), %edx
leal -4(,%edx,4), %ecx
leal -48(%edx,%eax,2), %ebx
leal -55232(%ecx), %edx
leal -55232(%esi), %eax
leal -55296(%ecx), %eax
leal -56320(%edx,%eax), %eax
leal -56320(%edx,%eax), %edx
leal -65521(%eax), %edx
leal -65521(%ebp), %eax
leal -65521(%edx), %eax
leal -65522(%edi), %ecx
leal -65535(%ebx), %eax
leal -67108860(%eax,%ebx,4), %ebx
leal -72(%eax,%ecx,8), %eax
leal -72(%eax,%edx,8), %ecx
leal -8(%ebp), %esp
leal -8(%esp), %esp
leal 0(%ebp,%eax), %edi
leal 0(%ebp,%eax,4), %eax
leal 0(%ebp,%eax,4), %ecx
leal 0(%ebp,%eax,8), %eax
leal 0(%ebp,%ebp,2), %eax
leal 0(%ebp,%ebp,2), %edx
leal 0(%ebp,%ebx,8), %edx
leal 0(%ebp,%edx), %eax
leal 0(,%eax,4), %edx
leal 0(,%eax,8), %edx
leal 0(,%ecx,8), %eax
leal 0(,%esi,4), %eax
leal 1(%ebp,%ebx), %eax
leal 1(%ebp,%ebx), %ebp
leal 1(%ecx,%eax), %eax
leal 1(%esi,%edx), %edx
leal 1(,%ebp,8), %edx
leal 1023(%edi), %ebx
leal 1073742822(%eax), %ecx
leal 1073742822(%ebp), %eax
leal 1073742822(%esi), %eax
leal 1074(%ebp), %edi
leal 12(%ebp,%eax,4), %eax
leal 128(%edx), %eax
leal 128(%esp), %eax
leal 128(%esp), %ebx
leal 128(,%eax,4), %eax
leal 148(%ebp), %eax
leal 149(%esp,%edx), %edi
leal 15(%eax,%eax,2), %ebp
leal 152(%esp,%edx), %eax
leal 16(%ebp,%eax,4), %ecx
leal 16(%esp), %ebx
leal 16(,%eax,4), %ecx
leal 16842752(%edx,%ebx), %ebx
leal 16842752(%esi,%eax), %eax
leal 2088(%ebx,%esi,4), %ecx
leal 209(%edx,%ebx), %esi
leal 21(%eax,%ecx,2), %eax
leal 216(%ebp), %esi
leal 216(%esi), %ebx
leal 22(%esp,%ebx), %eax
leal 24(%ebp), %eax
leal 256(%esp), %eax
leal 264(%esp), %edx
leal 292(%eax,%ecx,8), %ebp
leal 292(%esi), %eax
leal 3(%ebp,%ebp,2), %ecx
leal 4(%eax,%eax,8), %eax
leal 4(%ebx,%eax,4), %ebp
leal 4(%edi,%edi,8), %ebx
leal 4(%edx), %esi
leal 4(%esi,%ecx,4), %eax
leal 4(,%ecx,4), %eax
leal 48(%ebp), %ecx
leal 48(%esi), %eax
leal 512(%eax,%ebx), %ebx
leal 512(%ebp,%edx), %edx
leal 55976(%eax), %edx
leal 55976(%ecx), %eax
leal 6(%esp,%eax), %edx
leal 65521(%ebx), %eax
leal 65535(%eax), %edx
leal 65536(%eax), %edx
leal 6724(%ebp,%eax), %eax
leal 6724(%ebx,%eax), %eax
leal 728(%ebp), %eax
leal 8(,%edx,8), %eax
leal 80(%esp), %eax
leave
movb $-1, %al
movb $-1, (%eax)
movb $-1, (%ecx,%edx)
movb $-1, -1(%eax)
movb $-1, 0(%ebp,%eax)
movb $-1, 1(%ebx,%ecx,2)
movb $-1, 18372(%eax)
movb $-1, 18372(%ebp)
movb $-1, 2656(%esp)
movb $-1, 3(%ebp,%ebx)
movb $-1, 43(%eax,%edx,4)
movb $-127, %dl
movb $-127, 58(%eax)
movb $-2, -24(%ebp)
movb $-2, 24(%esp)
movb $-3, (%esp)
movb $-39, %cl
movb $0, (%eax)
movb $0, (%edi,%esi,4)
movb $0, (%esi,%eax)
movb $0, -12(%ebp)
movb $0, -2248(%ebp)
movb $0, -28(%ebp,%eax)
movb $0, -28(%ecx,%eax)
movb $0, -4(%edx)
movb $0, 0(%ebp)
movb $0, 0(%ebp,%edx)
movb $0, 1280(%ebx,%edx)
movb $0, 188(%esp)
movb $0, 2(%ebp)
movb $0, 20(%eax,%ebx)
movb $0, 4(%ebx)
movb $0, 7(%esp,%eax)
movb $0, 735(%eax)
movb $0, 75(%esp)
movb $0, 8(%edx,%eax,4)
movb $1, %al
movb $1, %bl
movb $1, %cl
movb $1, (%eax)
movb $1, (%edx,%eax)
movb $1, -2248(%ebp)
movb $1, -40(%ebp)
movb $1, 12(%esp)
movb $1, 160(%ebx)
movb $1, 2666(%esp)
movb $1, 3(%eax,%edx,4)
movb $1, 6(%ebp)
movb $1, 734(%eax)
movb $1, 8(%eax)
movb $1, 8(%ebp,%eax,4)
movb $10, -8212(%ebp,%eax)
movb $101, %bl
movb $114, 7(%esp,%eax)
movb $17, -12(%ebp)
movb $17, 2659(%esp)
movb $17, 8(%ebp,%eax,4)
movb $19, -320(%ebp)
movb $19, 24(%esp)
movb $2, 3(%eax,%ecx,4)
movb $3, %al
movb $3, %bl
movb $3, %cl
movb $3, (%edx,%eax)
movb $3, -32(%ebp)
movb $3, -320(%ebp)
movb $3, -4(%esi)
movb $3, 120(%esp)
movb $3, 136(%esp)
movb $3, 8(%eax)
movb $3, 8(%ebp)
movb $3, 8(%ebp,%edx,4)
movb $32, %cl
movb $4, 74(%ebp)
movb $43, %al
movb $45, (%eax)
movb $48, (%esi,%eax)
movb $48, -1(%edx)
movb $48, 2(%ecx,%eax)
movb $49, 0(%ebp)
movb $78, 2(%eax)
movb $8, 732(%eax)
movb %ah, 2661(%esp)
movb %al, %cl
movb %al, %dl
movb %al, (%ebx)
movb %al, (%ebx,%ecx,2)
movb %al, (%esi,%ebx,4)
movb %al, (%esi,%ecx)
movb %al, (%esp)
movb %al, -1(%ebp,%edi,4)
movb %al, -1(%ebp,%edx)
movb %al, -1(%edi,%esi)
movb %al, -1(%esi,%edi,2)
movb %al, -1096(%ebp,%ebx)
movb %al, -1183(%ebp,%edx,4)
movb %al, -16(%ebp)
movb %al, -285(%ebp)
movb %al, -8(%ecx)
movb %al, 0(%ebp)
movb %al, 0(%ebp,%ebx,4)
movb %al, 0(%ebp,%edx)
movb %al, 1(%ebp,%edx)
movb %al, 1(%ecx)
movb %al, 12(%esi,%edx)
movb %al, 18372(%ebp)
movb %al, 18372(%edx)
movb %al, 204(%esp)
movb %al, 237(%esp,%ebx)
movb %al, 24(%esp)
movb %al, 2662(%esp)
movb %al, 28(%ecx,%ebp,4)
movb %al, 4(%ebp)
movb %al, 5208(%ebx,%edi)
movb %al, 63(%esp,%esi)
movb %bl, -1(%esi,%edx,2)
movb %bl, 0(%ebp,%eax)
movb %bl, 1156(%ebp,%eax)
movb %bl, 12(%ecx,%eax)
movb %bl, 1280(%ecx,%edx)
movb %bl, 16(%esp,%ecx)
movb %bl, 168(%esp)
movb %cl, %al
movb %cl, %dl
movb %cl, (%ebx,%eax,4)
movb %cl, (%edi)
movb %cl, (%esi,%ebx)
movb %cl, (%esi,%edx,2)
movb %cl, (%esp)
movb %cl, -1(%ebp)
movb %cl, -1(%edi)
movb %cl, -1(%esi,%eax)
movb %cl, -1(%esi,%eax,2)
movb %cl, 0(%ebp)
movb %cl, 0(%ebp,%edx)
movb %cl, 1(%ebp,%ebx)
movb %cl, 10(%eax,%edx,4)
movb %cl, 12(%edx,%eax)
movb %cl, 128(%esp,%edx)
movb %cl, 1280(%edx,%eax)
movb %cl, 144(%esp)
movb %cl, 15(%edx)
movb %cl, 15(%esp)
movb %cl, 64(%esp,%edx)
movb %cl, 7(%ebp)
movb %dh, (%esi,%eax,2)
movb %dl, %al
movb %dl, %bl
movb %dl, %cl
movb %dl, (%eax)
movb %dl, (%ebx,%eax,4)
movb %dl, (%esi,%ecx)
movb %dl, (%esp)
movb %dl, -1(%edi,%ebx)
movb %dl, -22(%ebp,%eax)
movb %dl, -321(%ebp)
movb %dl, -4(%ebp)
movb %dl, -8212(%ebp,%eax)
movb %dl, -9(%ecx)
movb %dl, 0(%ebp)
movb %dl, 1(%ebx)
movb %dl, 1(%ebx,%eax,2)
movb %dl, 12(%ebp,%eax)
movb %dl, 144(%esp,%ecx)
movb %dl, 160(%eax)
movb %dl, 2(%ebx,%eax,4)
movb %dl, 32(%esp)
movb %dl, 5(%ebp)
movb %dl, 734(%esi)
movb (%eax), %al
movb (%eax), %cl
movb (%ebx,%edx), %cl
movb (%ecx), %dl
movb (%edi,%eax), %bl
movb (%edx,%eax), %al
movb -12(%ebp), %al
movb -20(%ebp), %cl
movb -270(%ebp), %cl
movb -4(%ecx), %bl
movb -4(%esi), %al
movb -4(%esi), %cl
movb -88(%ebp), %bl
movb 1(%eax), %dl
movb 12(%ebp), %al
movb 18372(%eax), %bl
movb 2(%eax), %cl
movb 36(%esp), %ah
movb 4(%eax), %al
movb 8(%ebp), %cl
movd %xmm0, %esi
movd %xmm0, 72(%esp)
movl $-1, %eax
movl $-1, %edx
movl $-1, (%eax)
movl $-1, (%edx,%eax)
movl $-1, (%esp)
movl $-1, -16(%ebp)
movl $-1, 12(%eax)
movl $-1, 12(%eax,%edx,8)
movl $-1, 12(%ebp)
movl $-1, 144(%esi)
movl $-1, 18408(%eax)
movl $-1, 24(%esp)
movl $-10, -284(%ebp)
movl $-1010, %eax
movl $-1021, %edx
movl $-1021, -36(%ebp)
movl $-1073742823, %eax
movl $-1073742823, %edx
movl $-1073742824, %eax
movl $-1073742824, %edx
movl $-1073742826, %eax
movl $-1431655765, %eax
movl $-1431655765, %edx
movl $-16707325, 3312(%esp)
movl $-16777216, 24(%eax)
movl $-201342849, -4(%ebp)
movl $-2078209981, %eax
movl $-2078209981, %edx
movl $-2139062143, %eax
movl $-2146992015, %eax
movl $-2146992015, %edx
movl $-2147418109, %eax
movl $-2147418109, %edx
movl $-2147483647, %eax
movl $-2147483647, %esi
movl $-2147483647, -16(%ebp)
movl $-2147483648, %eax
movl $-2147483648, %ebp
movl $-2147483648, -44(%ebp)
movl $-2147483648, 4(%eax)
movl $-2147483648, 8(%esp)
movl $-22136, 16(%esp)
movl $-256, %eax
movl $-256, %edx
movl $-65536, %eax
movl $-858993459, %eax
movl $-858993459, %edx
movl $0, %eax
movl $0, %ebx
movl $0, (%eax,%edx,4)
movl $0, (%edi)
movl $0, (%edx,%eax)
movl $0, (%edx,%eax,8)
movl $0, (%esp)
movl $0, -12(%eax)
movl $0, -200(%ebp)
movl $0, -316(%ebp)
movl $0, -4(%eax,%ecx)
movl $0, -4(%ebp)
movl $0, 0(%ebp)
movl $0, 0(%ebp,%esi,8)
movl $0, 136(%esp)
movl $0, 148(%eax)
movl $0, 18124(%ebp)
movl $0, 34860(%eax)
movl $0, 34868(%esi)
movl $0, 4(%eax)
movl $0, 4(%eax,%edx,4)
movl $0, 4(%ebp)
movl $0, 4(%ebp,%esi,8)
movl $0, 4(%esp)
movl $0, 628(%esp)
movl $0, 716(%eax)
movl $0x00000000, (%edi)
movl $0x00000000, 16(%edi)
movl $0x3f800000, 4(%edi)
movl $1, %eax
movl $1, %edx
movl $1, (%eax)
movl $1, (%esp)
movl $1, -16(%ebp)
movl $1, -268(%ebp)
movl $1, 0(%ebp)
movl $1, 132(%esp)
movl $1, 18376(%eax)
movl $1, 216(%ebp)
movl $1, 216(%esi)
movl $1, 292(%esp)
movl $1, 4(%eax)
movl $1, 4(%ebx,%eax,4)
movl $1, 56(%esp)
movl $1, 64(%esp,%eax,4)
movl $1, 8(%ebp)
movl $10000, 220(%ebx)
movl $1000000000, 40(%esp)
movl $1046478848, %eax
movl $1073741823, %eax
movl $1073741823, %ebx
movl $1073741824, %eax
movl $1073741824, -12(%ebp)
movl $1074003975, %edx
movl $1074340347, 16(%edx)
movl $1145980233, -4(%eax)
movl $1245, 8(%esp)
movl $1374389535, %eax
movl $1374389535, %edx
movl $1380206665, 12(%ecx)
movl $1412837402, 64(%eax)
movl $1413563465, 4(%eax)
movl $1413754136, (%edx)
movl $1431655766, %eax
movl $1431655766, %edx
movl $1584310703, %eax
movl $1584310703, %edx
movl $16, 136(%esp)
movl $16, 16(%ebp)
movl $1635003950, 4(%eax)
movl $16384, 5788(%ebx)
movl $1640531527, %eax
movl $1650811745, 8(%eax)
movl $1663069289, 8(%eax)
movl $1667331187, (%eax)
movl $1713401710, (%eax)
movl $1717986919, %edx
movl $176, %eax
movl $176, %edx
movl $1768320585, (%eax)
movl $1900, (%esp)
movl $1920213099, 4(%eax)
movl $1920234331, (%esi)
movl $1936485473, 12(%eax)
movl $2, (%eax)
movl $2, -200(%ebp)
movl $2, -4(%ecx)
movl $20, 0(%ebp)
movl $200, -288(%ebp)
movl $2000, -616(%ebp)
movl $2037672302, -4(%edx)
movl $2146435072, %eax
movl $2146435072, %edx
movl $2147483448, %edx
movl $2147483646, %eax
movl $2147483646, %edx
movl $2147483647, %eax
movl $2147483647, %edx
movl $2147483647, -44(%ebp)
movl $2147483647, 12(%esp)
movl $2147483647, 4(%eax)
movl $219, 8(%eax)
movl $219, 88(%esp)
movl $255, (%eax)
movl $255, (%esp)
movl $255, -8(%ebp)
movl $255, 136(%esp)
movl $256, %eax
movl $256, %edi
movl $256, -52(%ebp)
movl $285262079, 3296(%esp)
movl $289, 140(%esp)
movl $289, 24(%ebp)
movl $3, %eax
movl $3, %edx
movl $3, (%eax)
movl $3, (%esp)
movl $3, -1100(%ebp)
movl $3, -28(%ebp)
movl $3, 12(%esp)
movl $3, 168(%ebx)
movl $3, 24(%ebp)
movl $3, 8(%eax)
movl $3026478, (%esi,%ecx)
movl $3026478, -3(%edx,%ecx)
movl $305419896, -16(%ebp)
movl $305419896, 16(%esp)
movl $32, %eax
movl $32, %edx
movl $32, -200(%ebp)
movl $32, 8(%eax)
movl $320, (%eax)
movl $32768, %eax
movl $32768, 32(%eax)
movl $4, -200(%ebp)
movl $4, -288(%ebp)
movl $4, 196(%esi)
movl $5, (%esp)
movl $5, 64(%esp)
movl $512, 356(%esp)
movl $53, -32(%ebp)
movl $536870911, %edx
movl $543649385, 4(%esi)
movl $6, (%ecx,%eax)
movl $63, 18388(%eax)
movl $63, 18388(%ebp)
movl $65280, 16(%eax)
movl $65520, %ecx
movl $65534, %edx
movl $65535, %eax
movl $65535, %ecx
movl $65535, -16(%ebp)
movl $65536, 1120(%ebp)
movl $65536, 820(%eax)
movl $65537, (%esp)
movl $8, -200(%ebp)
movl $808464432, %eax
movl $808464432, (%edi)
movl $852, 8(%eax)
movl $90, 4360(%esp)
movl %eax, %ecx
movl %eax, (%ecx,%ebx,8)
movl %eax, (%edi,%ebx)
movl %eax, (%edi,%ebx,4)
movl %eax, (%edx)
movl %eax, (%esp)
movl %eax, -200(%ebp)
movl %eax, -256(%ebp)
movl %eax, -364(%ebp)
movl %eax, -4(%ebp,%edi,4)
movl %eax, -4(%ecx,%ebp)
movl %eax, -4(%edi)
movl %eax, -8(%ebp)
movl %eax, 0
movl %eax, 0(%ebp)
movl %eax, 0(%ebp,%ecx,8)
movl %eax, 0(%ebp,%edx,4)
movl %eax, 144(%esp)
movl %eax, 152(%edx)
movl %eax, 16(%esi,%ecx)
movl %eax, 16(%esp)
movl %eax, 18420(%ebp,%esi,4)
movl %eax, 18420(%esi,%edi,4)
movl %eax, 216(%ebp)
movl %eax, 24(%ebp)
movl %eax, 24(%edi,%ecx,8)
movl %eax, 34860(%ebx)
movl %eax, 34864(%ebx)
movl %eax, 34868(%esi)
movl %eax, 34884(%esi)
movl %eax, 34888(%ebx)
movl %eax, 34892(%ebx)
movl %eax, 34900(%esi)
movl %eax, 4
movl %eax, 4(%ebp,%esi,4)
movl %eax, 4(%ebx)
movl %eax, 4(%edx,%ebx,4)
movl %eax, 568(%esp)
movl %eax, 736(%ebp)
movl %eax, 736(%edi)
movl %eax, 96(%esp,%esi,4)
movl %ebx, -200(%ebp)
movl %ebx, 0(%ebp)
movl %ebx, 144(%ebp)
movl %ecx, (%eax,%ebx,4)
movl %ecx, -200(%ebp)
movl %ecx, -4(%ebp,%eax)
movl %ecx, -4(%edi)
movl %ecx, 18080(%ebx,%edi)
movl %ecx, 4(%esp)
movl %ecx, 736(%ebp)
movl %ecx, 8(%eax,%edx)
movl %ecx, 80(%esp,%eax,4)
movl %edi, (%esp)
movl %edi, -200(%ebp)
movl %edi, 1056(%ebp,%eax,4)
movl %edi, 160(%esp,%eax)
movl %edx, %eax
movl %edx, (%eax)
movl %edx, -200(%ebp)
movl %edx, -2020(%ebp)
movl %edx, -256(%ebp)
movl %edx, -4(%eax,%edi,4)
movl %edx, -4(%ebp)
movl %edx, -4(%ebp,%edi,4)
movl %edx, -4(%esi,%eax)
movl %edx, 0(%ebp,%eax)
movl %edx, 0(%ebp,%eax,4)
movl %edx, 0(%ebp,%esi,8)
movl %edx, 128(%eax)
movl %edx, 256(%ecx,%eax,4)
movl %edx, 264(%esp)
movl %edx, 292(%ebx,%eax,8)
movl %edx, 34856(%eax)
movl %edx, 34860(%eax)
movl %edx, 34864(%eax)
movl %edx, 34868(%eax)
movl %edx, 34872(%eax)
movl %edx, 34876(%eax)
movl %edx, 34880(%eax)
movl %edx, 34884(%eax)
movl %edx, 34888(%eax)
movl %edx, 34892(%eax)
movl %edx, 34896(%eax)
movl %edx, 4(%eax)
movl %edx, 4(%eax,%ecx,4)
movl %edx, 4(%ebp,%eax)
movl %edx, 4(%ebp,%ebx,4)
movl %edx, 4(%ebp,%ecx,8)
movl %edx, 720(%eax)
movl %edx, 8(%eax,%ecx,8)
movl %edx, 8(%ebp)
movl %edx, 80(%esp,%eax)
movl %esi, (%eax,%edx,8)
movl %esi, (%ebx,%edx)
movl %esi, -200(%ebp)
movl %esi, -340(%ebp,%eax,4)
movl %esi, 0
movl %esi, 152(%esp)
movl %esp, %ebp
movl (%eax), %eax
movl (%eax), %edx
movl (%eax,%ebp,4), %eax
movl (%eax,%ebp,4), %esi
movl (%eax,%ebx,8), %edx
movl (%eax,%edx,8), %eax
movl (%edi,%edx), %esi
movl (%edx,%ebx), %eax
movl (%esp), %eax
movl (%esp), %ebx
movl -100(%ebp,%eax,4), %edx
movl -200(%ebp), %eax
movl -200(%ebp), %ebx
movl -200(%ebp), %ecx
movl -200(%ebp), %edi
movl -200(%ebp), %edx
movl -200(%ebp), %esi
movl -2036(%ebp), %ecx
movl -24(%ebp,%eax,4), %eax
movl -256(%ebp), %eax
movl -256(%ebp), %ecx
movl -340(%ebp,%eax,4), %eax
movl -34940(%ebp), %eax
movl -34944(%ebp), %eax
movl -34944(%ebp), %edx
movl -34948(%ebp), %eax
movl -34948(%ebp), %edx
movl -36(%edi,%ecx), %eax
movl -364(%ebp), %eax
movl -364(%ebp,%eax,8), %ebx
movl -364(%ebx,%eax,8), %ebp
movl -4(%eax), %edx
movl -4(%ebp), %edx
movl -4(%ebp,%edx), %ecx
movl -4(%edi,%eax), %edx
movl -8(%eax,%ebx,8), %ecx
movl -8(%ebp), %eax
movl -8(%edx), %eax
movl -8(%edx,%eax,8), %eax
movl 0(%ebp), %eax
movl 0(%ebp), %edx
movl 0(%ebp,%eax,8), %edi
movl 0(%ebp,%ebx,4), %edx
movl 0(%ebp,%ecx), %esi
movl 0(%ebp,%edx,4), %eax
movl 0(%ebp,%edx,8), %eax
movl 0, %eax
movl 112, %eax
movl 12(%eax,%edx,8), %eax
movl 132(%eax), %eax
movl 148(%ebp), %eax
movl 148(%esp), %eax
movl 152(%esp), %esi
movl 152(%esp,%edx), %edx
movl 156(%eax,%ebx,4), %eax
movl 168(%ebp), %esi
movl 172(%esp,%edi,4), %ebx
movl 18420(%ebp,%edx,4), %eax
movl 216(%esi), %edx
movl 220(%ebp,%eax,4), %ecx
movl 220(%esi,%eax,4), %edx
movl 24(%ebp), %ecx
movl 24(%ebp,%edx,8), %eax
movl 256(%eax,%edx,4), %edx
movl 256(%edx,%eax,4), %eax
movl 256(%esp), %ecx
movl 28(%esp,%eax,4), %esi
movl 292(%ebx,%eax,8), %edx
movl 312(%esp), %eax
movl 34856(%eax), %edx
movl 34860(%ebx), %ecx
movl 34864(%eax), %eax
movl 34872(%eax), %eax
movl 34876(%eax), %edx
movl 34884(%eax), %edx
movl 34888(%eax), %eax
movl 34892(%eax), %eax
movl 34892(%eax), %edx
movl 34896(%eax), %eax
movl 34896(%eax), %edx
movl 34940(%esp), %ebx
movl 34956(%esp), %edx
movl 34960(%esp), %ecx
movl 34964(%esp), %ecx
movl 34976(%esp), %ecx
movl 34980(%esp), %eax
movl 34980(%esp), %ecx
movl 35000(%esp), %ecx
movl 35004(%esp), %ecx
movl 4(%eax), %edx
movl 4(%eax,%edx,4), %eax
movl 4(%eax,%edx,4), %edx
movl 4(%eax,%esi), %eax
movl 4(%ebp,%eax,8), %ebp
movl 4(%ebp,%ebx), %edx
movl 4(%ebp,%ebx,4), %esi
movl 4(%ebp,%ecx), %eax
movl 4(%ebp,%esi,4), %eax
movl 4(%ebx,%esi), %edx
movl 4(%esp), %eax
movl 4(%esp), %ecx
movl 56(%esp,%edx,4), %eax
movl 716(%eax), %eax
movl 736(%ebp), %eax
movl 736(%ebp), %esi
movl 736(%edi), %esi
movl 8(%eax), %eax
movl 8(%eax,%edx,8), %edx
movl 8(%ebp), %eax
movsb
movsbl %al, %eax
movsbl %al, %esi
movsbl %cl, %eax
movsbl %cl, %ecx
movsbl %dl, %eax
movsbl %dl, %ecx
movsbl (%eax), %edx
movsbl (%ebx,%eax), %ecx
movsbl (%ebx,%esi), %eax
movsbl (%edx), %eax
movsbl -1(%ebp), %ecx
movsbl -1(%esi,%edx), %edx
movsbl -17(%ebp), %eax
movsbl -2(%eax), %edx
movsbl 0(%ebp), %eax
movsbl 0(%ebp), %ebx
movsbl 1(%eax), %edx
movsbl 1(%ebp), %eax
movsbl 1(%ebx), %eax
movsbl 1(%ebx,%eax), %eax
movsbl 1(%ebx,%esi), %ecx
movsbl 43(%esp), %edx
movsd %xmm1, 16(%esp)
movsd 24(%esp), %xmm0
movsl
movswl %ax, %edx
movswl %bx, %eax
movswl %cx, %edi
movswl %dx, %eax
movswl %dx, %edx
movswl (%eax), %eax
movswl (%eax), %ecx
movswl (%eax,%ebx), %eax
movswl (%esi,%eax,2), %eax
movswl -14(%ebx), %ebp
movswl -22(%ebp), %eax
movswl -36(%ebp), %edx
movswl 0(%ebp), %ecx
movswl 12(%eax), %eax
movswl 52(%ebp), %eax
movswl 52(%ebp), %ecx
movswl 54(%eax), %edx
movswl 68(%esp), %edx
movswl 8(%eax,%esi,4), %edx
movswl 80(%esp), %eax
movw $-1, (%eax)
movw $-1, 2(%eax)
movw $-1, 2(%eax,%ecx)
movw $-1, 6(%edx,%eax,8)
movw $-1, 8(%eax,%edx,4)
movw $-256, 6(%eax)
movw $0, (%edi)
movw $0, (%esi,%ebp,2)
movw $0, -1099(%ebp)
movw $0, -2(%eax,%edx,2)
movw $0, -74(%ebp)
movw $0, 2(%ebp,%ecx,4)
movw $0, 4(%eax,%edx,2)
movw $0, 4(%eax,%edx,4)
movw $0, 52(%eax)
movw $0, 5816(%eax)
movw $0, 6(%edx,%eax,8)
movw $0, 82(%esp)
movw $1, (%eax)
movw $1, 4(%eax)
movw $1, 734(%esi)
movw $127, 6(%eax)
movw $24910, (%eax)
movw $255, -15(%ebp)
movw $255, 29(%esp)
movw $256, 37(%esi)
movw $64, -46(%ebp)
movw %ax, (%ecx,%ebx,2)
movw %ax, (%edx,%ecx)
movw %ax, (%edx,%ecx,8)
movw %ax, (%esi)
movw %ax, (%esp)
movw %ax, -2(%ecx,%ebp)
movw %ax, -2(%edi)
movw %ax, -200(%ebp)
movw %ax, -28(%ebp)
movw %ax, -476(%ebp)
movw %ax, 0(%ebp,%edi)
movw %ax, 0(%ebp,%edi,2)
movw %ax, 1026(%ebp)
movw %ax, 106(%esp,%esi,2)
movw %ax, 12(%edx)
movw %ax, 196(%esp)
movw %ax, 2(%esp)
movw %ax, 316(%esp)
movw %ax, 4(%edx,%ecx,2)
movw %ax, 54(%ebp)
movw %ax, 732(%ebx)
movw %bp, 72(%esp,%edx,2)
movw %bx, -2(%edi)
movw %bx, 172(%esp)
movw %cx, (%eax)
movw %cx, (%ebx,%edx,4)
movw %cx, (%edx,%eax,2)
movw %cx, (%edx,%eax,8)
movw %cx, -112(%ebp,%edx,2)
movw %cx, -2(%eax,%edx)
movw %cx, -2(%ebp,%eax)
movw %cx, -2(%ebx,%eax,2)
movw %cx, 0(%ebp,%eax,2)
movw %cx, 12(%eax,%edx)
movw %cx, 2(%edx,%eax,4)
movw %cx, 2(%edx,%eax,8)
movw %cx, 2088(%edx)
movw %cx, 4(%eax,%edx,2)
movw %cx, 52(%eax)
movw %cx, 54(%ebp)
movw %di, (%eax,%edx)
movw %di, -2(%ebp)
movw %di, -288(%ebp)
movw %di, 0(%ebp,%ebx)
movw %di, 1124(%ebx,%eax,2)
movw %di, 1126(%ebp)
movw %di, 44(%esp)
movw %dx, (%eax)
movw %dx, (%ebx,%eax,4)
movw %dx, (%edi,%eax,2)
movw %dx, (%esi,%eax)
movw %dx, (%esi,%eax,8)
movw %dx, -108(%ebp,%eax,2)
movw %dx, -2(%edi)
movw %dx, -58(%ebp)
movw %dx, 0(%ebp,%eax,2)
movw %dx, 0(%ebp,%ebx)
movw %dx, 1024(%ebp,%eax,2)
movw %dx, 1024(%ebx,%eax,2)
movw %dx, 104(%esp,%ebp,2)
movw %dx, 1130(%ebp)
movw %dx, 116(%esi,%ecx,2)
movw %dx, 156(%esp)
movw %dx, 16(%esp)
movw %dx, 2(%ebx,%eax,4)
movw %dx, 2(%esi,%eax,8)
movw %dx, 2088(%esi,%eax,4)
movw %dx, 37(%esp,%eax)
movw %dx, 4(%eax)
movw %dx, 732(%eax)
movw %si, (%esp)
movw %si, 1124(%ebp,%eax,2)
movw %si, 3353(%esp)
movw %si, 4(%ebp,%eax,2)
movw (%ecx), %dx
movw (%edi,%eax,2), %di
movw (%edx), %si
movw -10(%ebp), %dx
movw -26(%ebp), %ax
movw 1(%esi), %di
movw 54(%ebx), %dx
movzbl %al, %eax
movzbl %al, %esi
movzbl %bl, %eax
movzbl %cl, %eax
movzbl %cl, %ecx
movzbl %dl, %edx
movzbl (%eax), %eax
movzbl (%eax,%ebx), %eax
movzbl (%ebx,%eax,4), %edx
movzbl (%ecx), %edx
movzbl (%esi,%eax,2), %ecx
movzbl (%esi,%ebx), %edx
movzbl (%esp), %eax
movzbl (%esp), %ecx
movzbl -1(%ebp,%edi), %edx
movzbl -1(%ecx,%edx), %edx
movzbl -12(%ebp), %eax
movzbl -1921(%ebp), %eax
movzbl -20(%ebp,%eax), %eax
movzbl -200(%ebp), %eax
movzbl -28(%ebp), %edx
movzbl -28(%edi,%ecx), %eax
movzbl -4(%ecx), %eax
movzbl -4(%edx), %edx
movzbl -628(%ebp), %edx
movzbl 0(%ebp), %eax
movzbl 0(%ebp), %edx
movzbl 0(%ebp,%eax), %eax
movzbl 0(%ebp,%edx), %edx
movzbl 1(%eax), %esi
movzbl 1(%edx,%edi), %eax
movzbl 1024(%edx,%eax), %eax
movzbl 12(%esp), %eax
movzbl 128(%esp), %ecx
movzbl 128(%esp,%edx), %eax
movzbl 1280(%ebx,%eax), %ecx
movzbl 144(%esp,%eax,4), %ecx
movzbl 146(%esp,%eax,4), %eax
movzbl 18372(%eax), %ebx
movzbl 18372(%ebp), %eax
movzbl 18372(%ebp), %esi
movzbl 188(%esp), %eax
movzbl 2091(%ebx,%esi,4), %esi
movzbl 240(%esp,%ebx), %ecx
movzbl 26(%esp,%eax), %edx
movzbl 28(%edi,%ecx,4), %eax
movzbl 29(%esp,%esi), %eax
movzbl 3(%edx,%ecx), %edx
movzbl 3744(%esp,%edx), %edi
movzbl 4(%eax,%esi,8), %edx
movzbl 4(%ebp,%eax), %edx
movzbl 4(%ebp,%ecx), %eax
movzbl 48(%esp), %ecx
movzbl 5(%eax,%esi,8), %eax
movzbl 56(%eax), %eax
movzbl 7(%ebp), %ecx
movzbl 733(%eax), %eax
movzbl 8(%ebp), %eax
movzbl 8(%ebp,%eax,4), %ecx
movzbl 8(%edx,%eax,4), %edx
movzwl %ax, %eax
movzwl %ax, %edx
movzwl %cx, %ecx
movzwl %di, %eax
movzwl %dx, %eax
movzwl %dx, %edx
movzwl (%eax,%ebx,2), %eax
movzwl (%eax,%edi), %ecx
movzwl (%eax,%edi,2), %edi
movzwl (%edx,%ebp,4), %eax
movzwl (%esi), %eax
movzwl (%esi), %ebx
movzwl (%esi,%eax,4), %edi
movzwl (%esp), %edi
movzwl -108(%ebp,%eax,2), %eax
movzwl -108(%ebp,%eax,2), %edx
movzwl -2(%ebp,%edx), %ecx
movzwl -2(%ebx,%eax,2), %ebp
movzwl -2(%ecx), %edx
movzwl -2(%edi,%eax), %edx
movzwl -2(%esi,%ebx,4), %eax
movzwl -200(%ebp), %eax
movzwl -28(%ebp), %edx
movzwl -4(%esi), %eax
movzwl -474(%ebp), %eax
movzwl -52(%ebp), %eax
movzwl 0(%ebp), %eax
movzwl 0(%ebp), %esi
movzwl 0(%ebp,%eax,2), %ecx
movzwl 1(%ebp,%eax), %edx
movzwl 1(%edi,%eax), %edx
movzwl 1(%edi,%ecx,4), %eax
movzwl 1(%esi,%eax), %eax
movzwl 1024(%ebp,%ebx,2), %ecx
movzwl 12(%ebp,%esi,4), %eax
movzwl 14(%ebp,%esi,4), %edx
movzwl 1444(%esi,%edx,2), %eax
movzwl 18(%esp), %edx
movzwl 198(%esp), %eax
movzwl 2(%eax,%esi,2), %edi
movzwl 2(%edi,%esi,2), %eax
movzwl 2(%esi,%eax,4), %ecx
movzwl 2088(%eax,%esi,4), %edx
movzwl 230(%esp), %ecx
movzwl 2684(%ebp,%esi,4), %edx
movzwl 2686(%ebp,%edx,4), %eax
movzwl 2748(%ebp), %ebx
movzwl 2750(%ebp), %eax
movzwl 512(%ebx,%edi,2), %ebp
movzwl 52(%eax), %edx
movzwl 52(%ebp), %eax
movzwl 54(%ebp), %edx
movzwl 5816(%eax), %ebx
movzwl 6(%eax), %eax
movzwl 6(%esp), %eax
movzwl 72(%esp,%edx,2), %ecx
movzwl 960(%eax), %eax
mull %eax
mull %ecx
mull (%esi)
mull (%esp)
mull -24(%ebp)
mull 4(%esi,%ebx,4)
mull 72(%esp)
mull 8(%esi)
negb %al
negb %dl
negl %eax
negl %edx
negl -40(%ebp)
negl 12(%ebp)
negl 4(%esp)
nop
notb %al
notb %cl
notb %dl
notl %eax
notl %ebx
notl 24(%ebp)
orb $-128, %ah
orb $-128, %al
orb $-64, %cl
orb $1, %dl
orb $1, 7(%edx)
orb $12, %ah
orb $32, 5(%ebx)
orb %al, %cl
orb %al, %dl
orb %al, 6(%ebx)
orb %bl, %cl
orb %bl, %dl
orb %cl, %al
orb %cl, %dl
orb %dl, %al
orb 0(%ebp,%edx), %al
orb 15(%esp), %al
orb 16(%esp), %dl
orb 32(%esp), %cl
orl $-1, %eax
orl $-1, %edx
orl $-2147483647, %edx
orl $-2147483648, %eax
orl $-2147483648, %edi
orl $0, %ecx
orl $1, %eax
orl $1, %edx
orl $1, -12(%ebp)
orl $1, 4(%eax)
orl $1048576, %ebp
orl $1048576, -28(%ebp)
orl $1072693248, %edx
orl $16, 36(%esp)
orl $16777216, %eax
orl $2, %edx
orl $2, -12(%ebp)
orl $2146435072, %ebx
orl $255, 28(%esp)
orl $3, %edx
orl $32707, %edx
orl $32768, %edi
orl $32768, -4(%ebp,%edi,4)
orl $32846, %edx
orl $4194304, 32(%esi)
orl $64, %eax
orl $8706, %eax
orl %eax, %edx
orl %eax, -24(%ebp)
orl %eax, 4(%ebp)
orl %eax, 4(%ebx)
orl %eax, 48(%esp)
orl %ebx, %edx
orl %ecx, %eax
orl %edi, 4(%esp)
orl %edx, -20(%ebp)
orl %esi, 18364(%ebx)
orl (%ecx), %edi
orl -16(%ebp), %eax
orl -48(%ebp), %ecx
orl -576(%ebp), %ecx
orl -580(%ebp), %eax
orl 12(%ebp), %eax
orl 128(%esp), %eax
orl 132(%esp), %edx
orl 20(%ebp), %edx
orl 24(%eax), %edx
orl 4(%esi,%ecx,4), %ebx
orl 72(%esp), %eax
orl 76(%esp), %edx
orw $1024, %dx
orw $128, (%eax)
orw $3072, %ax
orw $3072, %cx
orw %ax, 5816(%ebp)
orw %dx, 4(%esp)
orw 4(%esp), %ax
orw 4(%esp), %dx
orw 5816(%eax), %dx
orw 5816(%ebp), %ax
orw 5816(%esi), %ax
pause
popl %eax
popl %ebp
psrlq $32, %xmm0
pushl $-1
pushl $-1073742823
pushl $-1073742824
pushl $-1073742825
pushl $-1073742826
pushl $-1465406807
pushl $-16777216
pushl $-2147483648
pushl $0
pushl $0x00000000
pushl $0x3eb33333
pushl $1
pushl $1000000000
pushl $1070945621
pushl $1072693248
pushl $1073741823
pushl $1082101760
pushl $1119
pushl $1549361238
pushl $158
pushl $1610612736
pushl $2147483647
pushl $3
pushl $32768
pushl $33301
pushl $33362
pushl $33474
pushl $33937
pushl $34116
pushl $34196
pushl $34277
pushl $34472
pushl $34718
pushl $34720
pushl $34731
pushl $34735
pushl $34848
pushl $34904
pushl $34918
pushl $35401
pushl $35888
pushl $36236
pushl $36750
pushl $37013
pushl $37014
pushl $37016
pushl $37154
pushl $37923
pushl $42885
pushl $51418
pushl $51429
pushl $51448
pushl $51451
pushl $51784
pushl $52284
pushl $53084
pushl $53184
pushl $536870911
pushl $56004
pushl $57056
pushl $57057
pushl $59004
pushl $59879
pushl $65280
pushl $65534
pushl $95
pushl %eax
pushl %ebp
pushl (%eax)
pushl (%ecx,%eax,4)
pushl -1920(%ebp)
pushl -20(%ebp)
pushl -200(%ebp)
pushl -256(%ebp)
pushl -4(%ecx)
pushl 0(%ebp)
pushl 132(%ebx)
pushl 156(%esp)
pushl 24(%ebx,%edx,8)
pushl 256(%esp,%ebx,4)
pushl 32(%ebp)
pushl 4(%ebx)
pushl 4(%ecx,%eax,4)
pushl 5788(%ebp)
pushl 720(%ebx)
pushl 8276(%esp)
pushl 88(%esp)
pxor %xmm0, %xmm0
ret
roll %cl, %eax
roll %cl, %edx
rolw $8, %ax
rolw $8, %dx
salb $4, %bl
sall $20, %edx
sall $3, %eax
sall $3, %edx
sall $5, %eax
sall %cl, %eax
sall %cl, %edx
sall (%esp)
sall -12(%ebp)
sarl $3, %eax
sarl $3, %ebx
sarl $31, %eax
sarl $31, %ebx
sarl %cl, %eax
sarl %cl, %edx
sarl %cl, -40(%ebp)
sarl %cl, 16(%ebp)
sarl %cl, 28(%esp)
sarl %eax
sarl %ecx
sarl 68(%esp)
sarl 8(%ebp)
sbbb $-1, %cl
sbbl $-1, %eax
sbbl $-1, %edx
sbbl $0, %eax
sbbl $0, %edx
sbbl %eax, %eax
sbbl %eax, %edx
sbbl %ebx, %eax
sbbl %edx, %ebx
sbbl %edx, -12(%ebp)
sbbl -124(%ebp), %eax
sbbl -200(%ebp), %eax
sbbl -52(%ebp), %esi
sbbl 20(%esp), %eax
sbbl 28(%esp), %edi
sbbl 4(%ecx), %eax
sbbl 4(%ecx), %edx
seta %al
seta %cl
seta %dl
setb %al
setb %cl
setb %dl
setbe %al
setbe %cl
setbe %dl
setc %al
setc %dl
sete %al
sete %cl
sete %dl
sete -52(%ebp)
sete 24(%esp)
setg %al
setg %cl
setg %dl
setg 24(%esp)
setge %al
setge %cl
setge %dl
setl %al
setl %dl
setle %al
setle %cl
setle %dl
setle (%eax,%edx)
setnb %al
setnb %dl
setnc %al
setnc %dl
setne %al
setne %cl
setne %dl
setne 38(%esi)
setne 75(%esp)
setnp %al
setnp %dl
setp %al
shldl $1, %eax, %edx
shldl $1, %esi, %ebx
shldl $17, %esi, %edi
shldl $3, %eax, %edx
shldl $7, %eax, %edx
shldl $7, %edx, %eax
shldl %eax, %edx
shldl %edi, %ebp
shrb $3, %al
shrb $4, %al
shrb $4, %cl
shrb $4, %dl
shrb %al
shrb %cl
shrb %dl
shrdl $1, %edi, %esi
shrdl $1, %edx, %eax
shrdl $19, %ebx, %edx
shrdl $24, %edx, %eax
shrdl $3, %edi, %eax
shrdl %edi, %esi
shrdl %edx, %eax
shrl $2, -16(%ebp)
shrl $2, 12(%esp)
shrl $3, %eax
shrl $3, %edx
shrl $3, -44(%ebp)
shrl $3, 8(%esp)
shrl $5, %eax
shrl $5, %edi
shrl $8, (%ebx)
shrl $8, 8(%ebp)
shrl %cl, %eax
shrl %cl, %ebx
shrl %cl, -36(%ebp)
shrl %cl, 8(%esp)
shrl %eax
shrl %edx
shrl -8(%ebp)
shrw $6, %bx
shrw $8, %ax
shrw $8, 5816(%eax)
shrw %ax
shrw %cx
shrw -10(%ebp)
subb $1, %al
subb $1, %dl
subb $1, 57(%ebx)
subb $3, %al
subb $3, %dl
subb $48, %al
subb $48, %cl
subb $56, %dl
subb %cl, %al
subb %dl, %al
subb (%ecx,%esi), %al
subb (%edx), %bl
subb (%esi), %cl
subb (%esi,%ecx), %dl
subb 4(%esp), %al
subl $-128, %eax
subl $-128, %esp
subl $-128, 12(%ebx)
subl $1, %eax
subl $1, %edx
subl $1, (%esp)
subl $1, -12(%ebp)
subl $1, 12(%ebp)
subl $1, 12(%esp)
subl $1, 4(%ebx)
subl $1000000000, %eax
subl $1023, %eax
subl $1023, -20(%ebp)
subl $1075, %ebx
subl $12, 16(%ebp)
subl $12, 8(%ebx)
subl $136, %eax
subl $14, %eax
subl $16, 18368(%esi)
subl $16777215, %eax
subl $188, %esp
subl $2, -544(%ebp)
subl $2, 40(%esp)
subl $2146959370, %edx
subl $3, %eax
subl $3, %esi
subl $3, -12(%ebp)
subl $3, 48(%esp)
subl $34940, %esp
subl $34956, %esp
subl $34972, %esp
subl $55232, %eax
subl $55232, %edx
subl $55296, %ecx
subl $5552, 16(%ebp)
subl $56320, %eax
subl $65521, %eax
subl $65521, %ebx
subl $65522, %ecx
subl $65536, %edx
subl $65537, 92(%ebp)
subl $65537, 92(%ebx)
subl $7, -8(%ebp)
subl $786420, -4(%ebp)
subl $8, %esp
subl %eax, %ecx
subl %eax, (%esi)
subl %eax, (%esp)
subl %eax, -12(%ebp)
subl %eax, 4(%edx)
subl %eax, 8(%ebp)
subl %eax, 80(%esp)
subl %ebx, 80(%esp)
subl %edi, (%ebx)
subl %edx, %ecx
subl %edx, (%esp)
subl %edx, 28(%eax)
subl %edx, 5804(%ebx)
subl %esi, %eax
subl %esi, -48(%ebp)
subl %esi, 4(%ebp)
subl (%ecx), %eax
subl (%edx), %ecx
subl (%esp), %eax
subl (%esp), %edx
subl -20(%ebp), %ecx
subl -32(%ebp), %eax
subl -540(%ebp), %eax
subl 12(%eax), %edx
subl 128(%esp), %eax
subl 140(%esp), %ecx
subl 180(%ebx), %edx
subl 180(%edi), %eax
subl 20(%ebp), %eax
subl 24(%esp), %esi
subl 396(%esp), %edx
subl 52(%edx), %eax
subl 716(%esp), %eax
subl 8(%ebp), %ebx
subl 80(%esp), %eax
subw $1, %di
subw $1, 2876(%ecx)
subw $1, 68(%esp,%ebp,2)
subw $257, %ax
subw 112(%edi), %bx
subw 28(%esp), %dx
subw 8(%esp), %bx
testb $-128, %bh
testb $-128, (%eax)
testb $-128, 33(%ebp)
testb $-128, 33(%edx)
testb $-94, %al
testb $1, %al
testb $1, %bl
testb $1, %cl
testb $1, 1(%ebp,%ebx)
testb $1, 20(%ebp)
testb $1, 240(%esp)
testb $1, 7(%edx)
testb $1, 8(%esp)
testb $15, (%esi)
testb $15, -4(%edi)
testb $15, 44(%ebp,%eax,4)
testb $15, 44(%esi,%eax,4)
testb $16, 0(%ebp,%edi)
testb $16, 148(%esp)
testb $16, 28(%ebp)
testb $2, %al
testb $2, 8(%esp)
testb $24, 733(%ebx)
testb $3, %al
testb $3, %cl
testb $3, %dl
testb $3, 1(%eax,%ebx)
testb $3, 7(%ecx)
testb $32, %cl
testb $4, %dl
testb $64, 0(%ebp)
testb $64, 9(%eax)
testb $8, (%ebx,%eax)
testb $8, (%edi,%eax,2)
testb $8, 1(%eax,%edx,2)
testb $8, 1(%ecx,%esi)
testb %al, %al
testb %al, %bl
testb %al, %cl
testb %al, 32(%esp)
testb %bl, %bl
testb %bl, 12(%esp)
testb %cl, %al
testb %cl, %bl
testb %cl, %cl
testb %dl, %al
testb %dl, %cl
testl $-17, %eax
testl $-17, %esi
testl $-17, 136(%esp)
testl $-3, 20(%esp)
testl $-5, 34964(%esp)
testl $-5, 34988(%esp)
testl $-65537, %eax
testl $1, %ebp
testl $1048576, %ebx
testl $1065356175, %edx
testl $1081344, 32(%eax)
testl $1107296256, %eax
testl $128, %edi
testl $2, %ebp
testl $262144, (%esp)
testl $3, %esi
testl $324, %eax
testl $32768, %edi
testl $512, 44(%esp)
testl $5216, %edx
testl $8388608, %eax
testl %eax, %eax
testl %eax, %ecx
testl %eax, 20(%esp)
testl %ecx, %eax
testl %edx, %edx
testl %esi, 40(%esp)
testw $272, 0(%ebp)
testw %ax, %ax
testw %ax, 24(%esp)
testw %cx, %cx
testw %dx, %dx
ud2
xchgb (%edi), %al
xchgl (%eax), %esi
xchgl (%esi), %eax
xchgw (%esi), %ax
xorb $24, 70(%esi)
xorb (%edx), %al
xorb -1(%eax), %dl
xorb -1(%edi), %al
xorb 8(%ecx), %dl
xorl $-1075838976, %edx
xorl $-2147483648, %edx
xorl $-22136, %eax
xorl $-306674912, %edx
xorl $-32, %eax
xorl $-32, %edx
xorl $-858993460, %eax
xorl $1, %eax
xorl $1, %ebp
xorl $214748364, %edx
xorl $2147483647, %eax
xorl $2147483647, %edx
xorl $31, %eax
xorl $31, %edx
xorl $32768, %edi
xorl $32768, (%eax)
xorl $33423615, %eax
xorl $65535, %eax
xorl $65535, %edx
xorl %eax, %eax
xorl %eax, %esi
xorl %eax, -4(%ebp)
xorl %ecx, %eax
xorl %ecx, (%esp)
xorl %edx, %edx
xorl %esi, 44(%esp)
xorl (%ecx), %eax
xorl (%edi,%eax,4), %ecx
xorl (%esi,%ecx,4), %eax
xorl (%esp), %eax
xorl -16(%edx), %ebx
xorl -28(%ebp), %edx
xorl -32(%ebp), %eax
xorl 12(%ebp), %eax
xorl 128(%esp), %eax
xorl 132(%esp), %edx
xorl 16(%ecx), %eax
xorl 16(%esp), %eax
xorl 20(%ecx), %edx
xorl 20(%esp), %edx
xorw %bp, %bp
# Those with symbols that stood in outputs of gcc 12 for SQLite and Lua, with -O0 to -O2 and -Os, with and without
# -fPIC.
addb x(%eax), %dl
addb x(%ebx), %cl
addb x(%edx), %al
addb x(%edx), %cl
addb x@GOTOFF(%eax,%ebx), %cl
addb x@GOTOFF(%ebp,%eax), %dl
addb x@GOTOFF(%ecx,%edx), %al
addb x@GOTOFF(%esi,%eax), %dl
addl $1, x+4
addl x(,%eax,4), %edx
addl x, %eax
addl x@GOTOFF(%eax,%ebx,4), %eax
addl x@GOTOFF(%eax,%ecx,4), %eax
addl x@GOTOFF(%ebp,%edx,4), %ebp
addl x@GOTOFF(%ebx), %eax
addl x@GOTOFF(%ebx,%eax,4), %ebx
addl x@GOTOFF(%ecx,%eax,4), %ecx
addw x@GOTOFF(%edx,%eax,2), %cx
andl x+4(,%ecx,4), %eax
andl x+4(,%ecx,4), %edx
call *112(%eax,%ebx)
call *128(%esp)
call *148(%esi,%ebx)
call *16(%ebp,%ebx)
call *160(%esp)
call *184(%esi)
call *212(%eax)
call *212(%ebp)
call *24(%ebp)
call *276(%ebx)
call *32(%edx)
call *368(%eax)
call *4(%eax)
call *4(%ebp)
call *4+x@GOTOFF(%ebp)
call *4+x@GOTOFF(%ebx)
call *40(%ebp)
call *48(%esp)
call *64(%esp)
call *8(%ebp)
call *8(%ebx)
call *x
call *x+4
call *x@GOTOFF(%ebx)
cmovge x+4, %ecx
cmpb $-128, x(%edx)
cmpb $0, -4+x@GOTOFF(%ebx,%eax)
cmpb $0, 4+x@GOTOFF(%ebp)
cmpb $0, 4+x@GOTOFF(%esi)
cmpb $0, x(%eax)
cmpb $0, x+4
cmpb $0, x@GOTOFF(%edx,%eax)
cmpb $1, x(%ebx)
cmpb $1, x@GOTOFF(%esi,%ecx)
cmpb $3, x@GOTOFF(%edi,%edx)
cmpb $30, x(%ecx)
cmpb $5, x@GOTOFF(%ebp,%eax)
cmpb $5, x@GOTOFF(%ebx,%edx)
cmpb %al, x@GOTOFF(%edi,%edx)
cmpb %bl, x(%eax)
cmpb %bl, x@GOTOFF(%edi,%ecx)
cmpb %cl, x(%eax)
cmpb %cl, x@GOTOFF(%ebp,%edx)
cmpb %cl, x@GOTOFF(%ebx,%eax)
cmpb x(%edx), %cl
cmpb x+4(%eax), %dl
cmpl $0, 4+x@GOTOFF(%eax)
cmpl $0, x+4
cmpl $0, x+4(,%edx,4)
cmpl $511, 4+x@GOTOFF(%ebx)
cmpl $511, x+4
cmpl $x, (%eax,%ebx,4)
cmpl $x, 268(%ebx)
cmpl %eax, x
cmpl %eax, x@GOTOFF(%ebx)
cmpl %edi, 4+x@GOTOFF(%ebx)
cmpl %edx, x+4(,%eax,4)
cmpl %esi, x+4
cmpl 4+x@GOTOFF(%ebx), %eax
cmpl 4+x@GOTOFF(%edi), %edx
cmpl x(,%eax,4), %ecx
cmpl x(,%ebx,4), %ecx
cmpl x+4, %eax
cmpl x+4, %edx
cmpl x@GOTOFF(%ebx,%edx,4), %eax
cmpl x@GOTOFF(%esi,%eax,4), %ecx
cmpw $102, x+4(%ecx,%ecx)
cmpw $60, x@GOTOFF(%ebp,%eax,2)
cmpw %ax, x(%esi,%esi)
faddl x
faddl x@GOTOFF(%edi)
fadds x
fadds x@GOTOFF(%ebx)
fdivl x
fdivs x
fdivs x@GOTOFF(%ebx)
fldl x
fldl x@GOTOFF(%ebp)
fldl x@GOTOFF(%ebx)
fldl x@GOTOFF(%ecx)
fldl x@GOTOFF(%esi)
flds x
flds x@GOTOFF(%ebp)
flds x@GOTOFF(%ebx)
fldt x@GOTOFF(%ebx)
fmull x
fmull x@GOTOFF(%ebx)
fmull x@GOTOFF(%edx)
fmuls 4+x@GOTOFF(%esi,%edi)
fmuls x
fmuls x+4(%eax)
fmuls x@GOTOFF(%ebx)
fmuls x@GOTOFF(%ecx)
fmuls x@GOTOFF(%edi)
fsubl x
fsubl x@GOTOFF(%ebx)
fsubs x
fsubs x@GOTOFF(%ecx)
imull $0, x(,%ecx,4), %ebx
imull $52, 4+x@GOTOFF(%edi), %ebx
imull $52, x+4, %eax
imull x+4, %eax
jmp *4+x@GOTOFF(%edx)
jmp *40(%eax)
jmp *x(,%eax,4)
jmp *x(,%edx,4)
leal x(%eax,%edi,4), %eax
leal x(%ebx), %eax
leal x(%ebx,%ebx,2), %edx
leal x(,%eax,8), %ebx
leal x+4(,%edx,4), %edx
leal x@GOTOFF(%eax), %eax
leal x@GOTOFF(%ebp), %eax
leal x@GOTOFF(%ebp), %ebp
leal x@GOTOFF(%ebp), %ecx
leal x@GOTOFF(%ebp,%eax), %eax
leal x@GOTOFF(%ebp,%eax,2), %ebx
leal x@GOTOFF(%ebx), %eax
leal x@GOTOFF(%ebx,%eax,4), %eax
leal x@GOTOFF(%ebx,%eax,8), %esi
leal x@GOTOFF(%ebx,%edx,4), %edx
leal x@GOTOFF, %eax
leal x@GOTOFF, %ecx
movb $0, 4+x@GOTOFF(%eax)
movb $0, 4+x@GOTOFF(%ebx)
movb $0, x+4
movb $1, 4+x@GOTOFF(%ebx)
movb $1, x+4
movb $64, 4+x@GOTOFF(%eax)
movb $64, 4+x@GOTOFF(%ebx)
movb $64, x+4
movb %al, 4+x@GOTOFF(%ebx)
movb %al, x+4
movb %dl, 4+x@GOTOFF(%eax)
movb 4+x@GOTOFF(%edi,%esi), %dl
movb 4+x@GOTOFF(%esi,%edx), %al
movl $0, 4+x@GOTOFF(%ebx)
movl $0, 4+x@GOTOFF(%edx)
movl $0, x
movl $0, x+4
movl $0, x@GOTOFF(%eax)
movl $1, 4+x@GOTOFF(%ebx)
movl $1, x+4
movl $10, 4+x@GOTOFF(%ebx)
movl $10, x+4
movl $x, (%eax,%ebp,4)
movl $x, -12(%eax)
movl $x, 0(%ebp)
movl $x, 148(%edx)
movl $x, 172(%esp)
movl $x, 208(%edi)
movl $x, 8(%edi,%eax,8)
movl $x, x
movl %eax, 4+x@GOTOFF(%ebx,%edx,4)
movl %eax, x
movl %eax, x+4(,%ebx,4)
movl %eax, x@GOTOFF(%ebx)
movl %eax, x@GOTOFF(%ecx)
movl %ebx, x
movl %ecx, x
movl %ecx, x@GOTOFF(%eax,%edx,4)
movl %edi, 4+x@GOTOFF(%ebp)
movl %edx, 4+x@GOTOFF(%eax)
movl %edx, x(,%eax,4)
movl %edx, x@GOTOFF(%eax)
movl %edx, x@GOTOFF(%ebx,%eax)
movl %esi, x@GOTOFF(%ebx)
movl -4+x@GOTOFF(%eax,%esi), %ebp
movl -4+x@GOTOFF(%eax,%esi), %edi
movl -4+x@GOTOFF(%ebp,%esi,4), %edx
movl -4+x@GOTOFF(%ebx,%eax,4), %eax
movl -4+x@GOTOFF(%ecx,%edx,4), %eax
movl -4+x@GOTOFF(%ecx,%edx,4), %ebx
movl -4+x@GOTOFF(%edi,%eax,4), %ecx
movl -4+x@GOTOFF(%edi,%ebx), %edi
movl -4+x@GOTOFF(%edi,%esi,4), %edx
movl -4+x@GOTOFF(%edx,%eax,4), %edx
movl 4+x@GOTOFF(%ebp), %eax
movl 4+x@GOTOFF(%ebp), %ecx
movl 4+x@GOTOFF(%ebx), %eax
movl 4+x@GOTOFF(%ecx,%eax), %edx
movl 4+x@GOTOFF(%ecx,%eax,8), %edx
movl x(,%eax,4), %eax
movl x(,%eax,4), %ebx
movl x(,%ebx,8), %eax
movl x(,%ecx,4), %eax
movl x(,%ecx,8), %edi
movl x+4(%ebx), %eax
movl x, %eax
movl x, %edx
movl x, %esi
movl x-4(%eax), %eax
movl x-4(%eax), %ebp
movl x-4(%esi), %ebp
movl x-4(,%edx,4), %ecx
movl x@GOT(%ebx), %esi
movl x@GOTOFF(%eax), %edx
movl x@GOTOFF(%eax,%ebx), %eax
movl x@GOTOFF(%eax,%edx,4), %eax
movl x@GOTOFF(%eax,%edx,4), %ecx
movl x@GOTOFF(%ebp,%eax,4), %ecx
movl x@GOTOFF(%ebp,%ebx,4), %eax
movl x@GOTOFF(%ebp,%edi,4), %eax
movl x@GOTOFF(%ebx), %eax
movl x@GOTOFF(%ebx,%eax,4), %ecx
movl x@GOTOFF(%ecx), %edx
movl x@GOTOFF(%ecx,%eax,8), %eax
movl x@GOTOFF(%edi,%ebp,8), %eax
movl x@GOTOFF(%edi,%esi,4), %eax
movl x@GOTOFF(%edi,%esi,8), %edx
movl x@GOTOFF(%edx,%eax), %edx
movl x@GOTOFF(%edx,%ecx,4), %esi
movl x@GOTOFF(%esi), %eax
movl x@GOTOFF(%esi,%ecx,4), %eax
movl x@GOTOFF(%esi,%edx,4), %eax
movsbl x(%eax), %eax
movsbl x(%eax), %edx
movsbl x(%eax), %esi
movsbl x+4(%eax), %edi
movsbl x@GOTOFF(%ebx,%eax), %edx
movsbl x@GOTOFF(%ebx,%ebp), %eax
movsbl x@GOTOFF(%esi,%eax), %eax
movsbl x@GOTOFF(%esi,%eax), %esi
movswl x(%eax,%eax), %esi
movswl x@GOTOFF(%ebx,%eax,2), %ecx
movw %ax, 4+x@GOTOFF(%ebx)
movzbl -4+x@GOTOFF(%eax,%ebx), %ebx
movzbl -4+x@GOTOFF(%ebp,%ebx), %ebx
movzbl -4+x@GOTOFF(%ebp,%edx), %eax
movzbl -4+x@GOTOFF(%ebx,%eax), %eax
movzbl -4+x@GOTOFF(%ecx,%edx), %edx
movzbl -4+x@GOTOFF(%edx,%eax), %eax
movzbl 4+x@GOTOFF(%eax), %edx
movzbl 4+x@GOTOFF(%eax,%esi,2), %ecx
movzbl 4+x@GOTOFF(%ebp), %eax
movzbl 4+x@GOTOFF(%ebx), %eax
movzbl 4+x@GOTOFF(%ebx,%eax,8), %eax
movzbl 4+x@GOTOFF(%edi,%esi,2), %ecx
movzbl 4+x@GOTOFF(%esi,%eax), %edx
movzbl x(%eax), %eax
movzbl x(%eax,%eax), %eax
movzbl x(%ebp), %ebx
movzbl x(%ebp,%ebp), %eax
movzbl x(%ecx,%eax), %edx
movzbl x(%edx,%eax), %eax
movzbl x(%edx,%esi,8), %esi
movzbl x+4(%eax), %eax
movzbl x+4(%eax), %edx
movzbl x+4(%ebp,%ebp), %ecx
movzbl x+4(%ebx,%ebx,2), %ebx
movzbl x+4(%ecx,%eax,4), %edx
movzbl x+4(%edx), %eax
movzbl x+4(%esi,%esi), %ecx
movzbl x+4(,%ebx,8), %eax
movzbl x+4(,%esi,8), %esi
movzbl x+4, %eax
movzbl x, %ebx
movzbl x-4(%edx), %edx
movzbl x-4(%esi,%eax,8), %eax
movzbl x@GOTOFF(%eax,%ebx), %ebx
movzbl x@GOTOFF(%eax,%edi,2), %eax
movzbl x@GOTOFF(%eax,%edx), %edx
movzbl x@GOTOFF(%ebp,%eax), %eax
movzbl x@GOTOFF(%ebp,%ecx), %ecx
movzbl x@GOTOFF(%edi,%eax,2), %eax
movzbl x@GOTOFF(%edx,%eax), %eax
movzwl 4+x@GOTOFF(%edx,%eax,2), %ecx
movzwl x(%eax,%eax), %eax
movzwl x(%edx,%edx), %ecx
movzwl x, %eax
movzwl x, %ecx
movzwl x-4(%esi), %edi
movzwl x@GOTOFF(%eax), %eax
movzwl x@GOTOFF(%eax,%edx,2), %edx
movzwl x@GOTOFF(%ebp), %eax
movzwl x@GOTOFF(%ebp), %edx
movzwl x@GOTOFF(%ebx), %edx
movzwl x@GOTOFF(%ebx,%eax,2), %eax
movzwl x@GOTOFF(%edi), %eax
movzwl x@GOTOFF(%edx,%eax,2), %eax
movzwl x@GOTOFF(%esi), %ecx
mull x(,%ecx,4)
mull x@GOTOFF(%edi,%esi,4)
orb x(%ebx), %al
orb x(%edx), %al
orb x-4(%esi), %dl
orb x@GOTOFF(%edi,%ecx), %al
orl x(,%eax,4), %edx
orl x+4(,%eax,4), %edx
orl x+4, %eax
orl x@GOTOFF(%ebp,%eax,4), %edx
orl x@GOTOFF(%edi,%eax,4), %edx
pushl -4+x@GOTOFF(%ebx,%eax,4)
pushl -4+x@GOTOFF(%edi,%eax,4)
pushl 4+x@GOTOFF(%ebp)
pushl 4+x@GOTOFF(%ebx)
pushl 4+x@GOTOFF(%esi,%edx,4)
pushl x
pushl x(%eax)
pushl x(%ebp,%ebx,4)
pushl x(%edi,%ebx,4)
pushl x(,%eax,4)
pushl x+4(,%eax,8)
pushl x@GOTOFF(%ebp,%eax,4)
pushl x@GOTOFF(%ebx)
pushl x@GOTOFF(%ecx,%eax,4)
pushl x@GOTOFF(%edi,%eax,4)
sbbl 4+x@GOTOFF(%ebx), %eax
sbbl x+4, %eax
subb %al, 4+x@GOTOFF(%edi)
subb %al, x+4
subl $1, 4+x@GOTOFF(%ebx)
subl $1, x+4
subl %eax, x
subl %eax, x@GOTOFF(%ebx)
subl %edi, 4+x@GOTOFF(%ebx)
subl %esi, x+4
testb $1, x(%eax)
testb $1, x(%ebp)
testb $1, x+4(%edi)
testb $1, x+4(%esi)
testb $16, x(%edx)
testb $2, 4+x@GOTOFF(%edx,%eax)
testb $3, x+4(%eax)
testb $3, x+4(%edx)
testb $32, x@GOTOFF(%ecx,%ebp)
testb $4, x(%edx)
testb $4, x@GOTOFF(%ebp,%eax)
testb $4, x@GOTOFF(%ebx,%edx)
testb $70, x(%ebp)
testb $8, x+4(%ecx)
