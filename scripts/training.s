# What scripts/build.mjs assembles so that the code of `qure as` is compiled beforehand: something of everything that sources hold.
	.file	"training.s"
	.text
	.globl	start
	.type	start, @function
start:
	pushl	%ebp
	movl	%esp, %ebp
	movl	8(%ebp), %eax
	leal	table(,%eax,4), %ecx
	cmpl	$10, %eax
	jge	.Lpast
	movb	$1, flag
	call	outside
.Lpast:
	leave
	ret
	.size	start, .-start
	.intel_syntax noprefix
	.equ	LIMIT, 4 * 8
counter = LIMIT - 1
	.macro	save registers:vararg
	.irp	r, \registers
	push	\r
	.endr
	.endm
	.macro	guard register, limit=LIMIT
	.if	\limit > 8 && counter < 100
	cmp	\register, \limit
	jb	.Lfine\@
	.else
	nop
	.endif
.Lfine\@:
	.endm
1:	save	eax, ebx, [table]
	guard	ecx
	guard	dx, 4
	.rept	3
	add	eax, dword ptr [ebx + esi*4 + 16]	# blanks
	inc	byte ptr [flag]
	.endr
	.irpc	c, abc
	.byte	'\c
	.endr
	mov	eax, [ebx]
	mov	ax, word ptr table[esi]
	mov	[edi+4], al
	lea	esi, [table + eax * 2 - 4]
	mov	eax, offset table
	movzx	eax, byte ptr es:[edi]
	shl	eax, 3
	test	al, 0x80
	jz	1b
	jmp	2f
	lock	inc	dword ptr [counter]
	rep movsb
	int	0x80
	imul	eax, ebx, 10
	fld	qword ptr [esp]
	.ifdef	DEBUG
	.error	"no"
	.endif
	.ifndef	start
	.err
	.endif
2:	ret
	.code16
	mov	ax, 0x1234
	jmp	8:0x5678
	.code32
	.p2align	4
	.section	.rodata, "a", @progbits
	.align	8
message:
	.asciz	"text\n"
	.string	"more", "text"
	.ascii	"\x41\101"
	.data
table:
	.long	start, 2b - 1b, ~counter, -1, 1 << 4 | 3
	.word	1, 2
	.quad	3
	.fill	3, 2, 7
	.skip	4
	.balign	4, 0
	.comm	block, 16, 4
	.lcomm	flag, 4
	.local	here
	.weak	outside
	.pushsection	.bss
	.space	64
	.popsection
	.org	. + 8
	.purgem	guard
