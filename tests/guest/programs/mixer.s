# A program for Linux, a whole ELF file that runs at any address: turns the master and PCM of the first sound card's
# mixer all the way up, by OSS. Its status is 0 if both could be.

.intel_syntax noprefix
.code32

SYS_EXIT                = 1
SYS_OPEN                = 5
SYS_IOCTL               = 54
O_RDWR                  = 2
WRITE_MASTER            = 0xC0044D00
WRITE_PCM               = 0xC0044D04
FULL                    = 0x6464
BASE                    = 0x10000000

.text
file:
    .byte   0x7F, 0x45, 0x4C, 0x46, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
    .word   2, 3                        # executable, 386
    .long   1, BASE + start - file, segment - file, 0, 0
    .word   52, 32, 1, 0, 0, 0
segment:
    .long   1, 0, BASE, BASE, end - file, end - file, 7, 0x1000
start:
    call    1f
1:  pop     ebp
    lea     ebx, [ebp + name - 1b]
    mov     ecx, O_RDWR
    mov     eax, SYS_OPEN
    int     0x80
    mov     ebx, eax
    mov     ecx, WRITE_MASTER
    call    turn
    mov     esi, eax
    mov     ecx, WRITE_PCM
    call    turn
    or      eax, esi
    mov     ebx, eax
    shr     ebx, 31                     # errors are negative
    mov     eax, SYS_EXIT
    int     0x80

# Turns a volume up.
# In: EBX the mixer, ECX the request.
# Out: EAX less than 0 if that failed.
# Clobbers: EDX.
turn:
    push    FULL
    mov     edx, esp
    mov     eax, SYS_IOCTL
    int     0x80
    pop     edx
    ret

name:
    .asciz  "/dev/mixer"
end:
