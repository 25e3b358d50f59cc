# What a BIOS must do for us, asked of the BIOS itself: a boot sector with 16 sectors after it that calls the services
# and says on COM1 for each `ok NAME` or `FAIL NAME EAX`, then `end`, and switches the machine off through ACPI. It runs
# on our firmware and on SeaBIOS. The drive's sectors from 64 on hold their own number as u32 (the test's builder sees
# to it).

.include "boot-sector.inc"

PAYLOAD_SECTORS         = 16
BUFFER                  = 0x9000        # 4 KiB, segment 0
FAR_BUFFER              = 0x200000
RSDP_SIGNATURE          = 0x20445352    # "RSD "

# CHECK name: reports; in: ZF set when it is as it should be, EAX what was found
.macro CHECK name
    call    report
    .asciz  "\name"
.endm

.text
    BOOT_SECTOR
    sti
    mov     [drive], dl
    mov     ax, 0x0200 + PAYLOAD_SECTORS
    mov     bx, 0x7E00
    mov     cx, 2
    xor     dh, dh
    int     0x13
    jc      2f
    jmp     tests
2:  mov     al, 'x'
    call    put
    hlt
    jmp     2b

    SERIAL_PUT

# See CHECK; the name lies after the call.
# Clobbers: nothing.
report:
    pushfd
    pushad
    mov     bp, sp
    mov     si, offset text_ok
    jz      1f
    mov     si, offset text_fail
1:  call    print
    mov     si, [bp + 36]
    call    print
    mov     [bp + 36], si
    test    byte ptr [bp + 32], 0x40
    jnz     3f
    mov     al, ' '
    call    put
    mov     ebx, [bp + 28]
    mov     cx, 8
2:  rol     ebx, 4
    mov     al, bl
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
    call    put
    loop    2b
3:  mov     al, '\n'
    call    put
    popad
    popfd
    ret

    SERIAL_PRINT

text_ok:        .asciz "ok "
text_fail:      .asciz "FAIL "
drive:          .byte 0

    BOOT_SECTOR_END

tests:
    # ---------------------------------------------------------------- memory
    int     0x12
    cmp     ax, 639
    CHECK   "int12 conventional memory"
    int     0x11
    and     ax, 0x0030
    cmp     ax, 0x0020
    CHECK   "int11 equipment"
    mov     ah, 0x88
    int     0x15
    cmp     ax, 0x7000                  # 28 MiB or more of the machine's 32
    call    above
    CHECK   "int15 88"
    mov     ax, 0xE801
    int     0x15
    cmp     ax, 0x3C00
    CHECK   "int15 e801"
    call    test_e820
    mov     ax, 0x2401
    int     0x15
    mov     ax, 0x2402
    int     0x15
    cmp     al, 1
    CHECK   "int15 a20"
    mov     ah, 0xC0
    int     0x15
    cmp     byte ptr es:[bx + 2], 0xFC
    CHECK   "int15 c0"
    push    ds
    pop     es
    call    test_move

    # ---------------------------------------------------------------- disk
    mov     ah, 0x15
    mov     dl, [drive]
    int     0x13
    cmp     ah, 3
    CHECK   "int13 15"
    mov     bx, 0x55AA
    mov     ah, 0x41
    mov     dl, [drive]
    int     0x13
    mov     ax, bx
    cmp     ax, 0xAA55
    CHECK   "int13 41"
    mov     word ptr [BUFFER], 26
    mov     si, BUFFER
    mov     ah, 0x48
    mov     dl, [drive]
    int     0x13
    mov     eax, [BUFFER + 16]
    cmp     eax, 32768                  # a drive of 16 MiB
    CHECK   "int13 48"
    mov     ah, 8
    xor     di, di
    mov     dl, [drive]
    int     0x13
    push    ds
    pop     es
    and     cx, 63
    mov     [spt], cx
    mov     dl, dh
    xor     dh, dh
    inc     dx
    mov     [heads], dx
    mov     ax, [spt]                   # C0 H2 S5 is sector 2 * spt + 4
    add     ax, ax
    add     ax, 4
    movzx   eax, ax
    mov     [wanted], eax
    mov     ax, 0x0201
    mov     bx, BUFFER
    mov     cx, 5
    mov     dh, 2
    mov     dl, [drive]
    int     0x13
    mov     eax, [BUFFER]
    cmp     eax, [wanted]
    CHECK   "int13 02 heads"
    mov     ax, [spt]                   # C3 H0 S1
    mul     word ptr [heads]
    imul    eax, eax, 3
    and     eax, 0xFFFF
    mov     [wanted], eax
    mov     ax, 0x0201
    mov     bx, BUFFER
    mov     cx, 0x0301
    mov     dh, 0
    mov     dl, [drive]
    int     0x13
    mov     eax, [BUFFER]
    cmp     eax, [wanted]
    CHECK   "int13 02 cylinders"

    mov     dword ptr [packet + 2], 127 | 3 << 16
    mov     word ptr [packet + 6], 0x1000
    mov     dword ptr [packet + 8], 1000
    mov     ah, 0x42
    call    packet_call
    mov     ax, 0x1000 + 126 * 32
    mov     es, ax
    mov     eax, es:[3]
    push    ds
    pop     es
    cmp     eax, 1126
    CHECK   "int13 42 of 127 sectors at an odd address"
    mov     dword ptr [packet + 2], 2 | 0 << 16
    mov     dword ptr [packet + 8], 2000
    mov     ax, 0x4300
    call    packet_call
    CHECK   "int13 43"
    mov     dword ptr [packet + 2], 2 | BUFFER << 16
    mov     word ptr [packet + 6], 0
    mov     ah, 0x42
    call    packet_call
    mov     eax, [BUFFER + 515]
    cmp     eax, 1001
    CHECK   "int13 43 reads back"
    mov     ah, 0x44
    call    packet_call
    CHECK   "int13 44"
    mov     dword ptr [packet + 8], 32767
    mov     ah, 0x42
    call    packet_call
    setc    al
    cmp     al, 1
    CHECK   "int13 42 past the end"
    mov     ah, 1
    mov     dl, [drive]
    int     0x13
    test    ah, ah
    setnz   al
    cmp     al, 1
    CHECK   "int13 01 remembers"
    mov     ax, 0x0201
    mov     cx, 1
    mov     bx, BUFFER
    mov     dx, 0x0089
    int     0x13
    setc    al
    cmp     al, 1
    CHECK   "int13 02 without a drive"

    # ---------------------------------------------------------------- time
    xor     ah, ah
    int     0x1A
    mov     [wanted], dx
    mov     cx, 3                       # 200 ms
    mov     dx, 0x0D40
    mov     ah, 0x86
    int     0x15
    xor     ah, ah
    int     0x1A
    mov     ax, dx
    sub     ax, [wanted]
    cmp     ax, 3
    call    above
    CHECK   "int15 86, int1a 00"
    mov     ah, 2
    int     0x1A
    mov     al, ch
    cmp     al, 0x24
    call    below
    CHECK   "int1a 02"
    mov     ah, 4
    int     0x1A
    mov     ax, cx
    shr     ax, 8
    cmp     al, 0x20
    CHECK   "int1a 04"

    # ---------------------------------------------------------------- keyboard
    mov     ah, 5
    mov     cx, 0x1234
    int     0x16
    mov     ah, 1
    int     0x16
    setnz   bl
    cmp     ax, 0x1234
    CHECK   "int16 05, 01"
    xor     ah, ah
    int     0x16
    cmp     ax, 0x1234
    CHECK   "int16 00"
    mov     ah, 1
    int     0x16
    CHECK   "int16 01 empty"
    mov     si, offset scan_codes
1:  lodsb
    test    al, al
    jz      2f
    call    press
    jmp     1b
2:  mov     si, offset keys
3:  mov     ah, 0x11
    int     0x16
    mov     ax, 0
    jz      4f
    mov     ah, 0x10
    int     0x16
4:  cmp     ax, [si]
    CHECK   "irq1, int16 10"
    add     si, 2
    cmp     si, offset keys_end
    jb      3b

    # ---------------------------------------------------------------- screen
    mov     ax, 3
    int     0x10
    mov     ah, 0x0F
    int     0x10
    cmp     ax, 0x5003
    CHECK   "int10 0f"
    mov     ah, 2
    xor     bh, bh
    mov     dx, 0x184E
    int     0x10
    mov     ax, 0x0E58                  # 'X', 'Y': the second one scrolls
    mov     bx, 7
    int     0x10
    mov     ax, 0x0E59
    int     0x10
    mov     ah, 3
    xor     bh, bh
    int     0x10
    mov     ax, dx
    cmp     ax, 0x1800
    CHECK   "int10 0e cursor"
    mov     ah, 2
    mov     dx, 0x174F
    int     0x10
    mov     ah, 8
    int     0x10
    cmp     ax, 0x0759
    CHECK   "int10 08 after scrolling"
    mov     ax, 0x0601
    mov     bh, 0x1F
    mov     cx, 0x1605
    mov     dx, 0x1750
    int     0x10
    mov     ax, 0xB800
    mov     es, ax
    mov     eax, es:[(22*80 + 78)*2]
    cmp     eax, 0x07590758
    CHECK   "int10 06 moves"
    mov     eax, es:[(23*80 + 4)*2]
    cmp     eax, 0x1F200720
    CHECK   "int10 06 blanks"
    mov     ax, 0x0702
    mov     bh, 0x70
    mov     cx, 0x1400
    mov     dx, 0x184F
    int     0x10
    mov     eax, es:[(24*80 + 78)*2]
    cmp     eax, 0x07590758
    CHECK   "int10 07 moves"
    mov     eax, es:[(21*80 + 78)*2]
    cmp     eax, 0x70207020
    CHECK   "int10 07 blanks"
    push    ds
    pop     es
    mov     ax, 0x1301
    mov     bx, 0x2E
    mov     cx, 5
    mov     dx, 0x0203
    mov     bp, offset text_hello
    int     0x10
    mov     ax, 0xB800
    mov     es, ax
    mov     eax, es:[(2*80 + 6)*2]
    cmp     eax, 0x2E6F2E6C
    CHECK   "int10 13"
    mov     ax, 0x1A00
    int     0x10
    mov     ah, bl
    cmp     ax, 0x081A
    CHECK   "int10 1a"

    # ---------------------------------------------------------------- the rest
    mov     cx, 0xFFFF                  # the line is busy with what was just said
1:  mov     ah, 3
    xor     dx, dx
    int     0x14
    and     ah, 0x60
    cmp     ah, 0x60
    loopne  1b
    CHECK   "int14 03"
    mov     ax, 0xB101
    int     0x1A
    mov     eax, edx
    cmp     eax, 0x20494350
    CHECK   "int1a b101"
    mov     ax, 0xB103
    mov     ecx, 0x010180
    xor     si, si
    int     0x1A
    mov     ax, 0xB10A
    xor     di, di
    int     0x1A
    mov     eax, ecx
    cmp     eax, 0x70108086
    CHECK   "int1a b103, b10a"
    mov     ax, 0xB108
    mov     di, 0x0B
    int     0x1A
    mov     al, cl
    cmp     al, 1
    CHECK   "int1a b108"
    mov     ax, 0xB102
    mov     cx, 0x1237
    mov     dx, 0x8086
    mov     si, 1
    int     0x1A
    cmp     ah, 0x86
    CHECK   "int1a b102 finds no second one"
    call    test_acpi
    mov     si, offset text_end
    call    print
    mov     dx, COM1 + 5
1:  in      al, dx                      # the last character has left
    test    al, 0x40
    jz      1b
    mov     dx, [pm_control]
    mov     ax, 0x2000
    out     dx, ax
9:  hlt
    jmp     9b

# Above, below: ZF set when the comparison before said >=, <.
# Clobbers: nothing.
above:
    push    ax
    setb    al
    jmp     1f
below:
    push    ax
    setae   al
1:  test    al, al
    pop     ax
    ret

# INT 13h with the packet.
# In: AX.
# Out: CF, and ZF as its opposite, EAX.
packet_call:
    mov     byte ptr [packet], 16
    mov     si, offset packet
    mov     dl, [drive]
    int     0x13
    mov     cl, 0
    jnc     1f
    mov     cl, 1
1:  shr     cl, 1                       # ZF set in both cases,
    mov     cl, 0
    jnc     2f
    or      cl, 1                       # so this makes it clear and CF set again
    stc
2:  ret

# A byte from the keyboard, through the controller's own way to make one; returns when the interrupt's handler has taken
# it.
# In: AL.
# Clobbers: AX.
press:
    push    ax
    call    1f
    mov     al, 0xD2
    out     0x64, al
    call    1f
    pop     ax
    out     0x60, al
    sti
2:  in      al, 0x64
    test    al, 1
    jnz     2b
    ret
1:  in      al, 0x64
    test    al, 2
    jnz     1b
    ret

# The map's entries ascend and do not overlap, and its end comes.
test_e820:
    xor     ebx, ebx
    xor     ebp, ebp                    # end of the entry before
    xor     si, si                      # entries
1:  mov     eax, 0xE820
    mov     edx, 0x534D4150
    mov     ecx, 20
    mov     di, BUFFER
    int     0x15
    jc      2f
    cmp     eax, 0x534D4150
    jne     2f
    inc     si
    cmp     dword ptr [BUFFER + 4], 0
    jne     3f
    mov     eax, [BUFFER]
    cmp     eax, ebp
    jb      2f
    add     eax, [BUFFER + 8]
    mov     ebp, eax
3:  test    ebx, ebx
    jnz     1b
    movzx   eax, si
    cmp     ax, 4
    call    above
    jmp     4f
2:  or      al, 1
4:  CHECK   "int15 e820"
    ret

# 1 KiB to FAR_BUFFER and back.
test_move:
    mov     di, BUFFER
    mov     cx, 512
1:  mov     ax, cx
    imul    ax, ax, 40503
    stosw
    loop    1b
    mov     ebx, BUFFER
    mov     edx, FAR_BUFFER
    call    move
    mov     ebx, FAR_BUFFER
    mov     edx, BUFFER + 0x400
    call    move
    mov     si, BUFFER
    mov     di, BUFFER + 0x400
    mov     cx, 512
    repe cmpsw
    movzx   eax, cx
    CHECK   "int15 87"
    ret

# In: EBX source, EDX target: 1 KiB by INT 15h AH=87h.
# Clobbers: EAX, CX, SI, DI.
move:
    mov     di, offset descriptors
    mov     cx, 24
    xor     ax, ax
    rep stosw
    mov     word ptr [descriptors + 0x10], 0xFFFF
    mov     [descriptors + 0x12], ebx
    mov     byte ptr [descriptors + 0x15], 0x93
    rol     ebx, 8
    mov     [descriptors + 0x17], bl
    ror     ebx, 8
    mov     word ptr [descriptors + 0x18], 0xFFFF
    mov     [descriptors + 0x1A], edx
    mov     byte ptr [descriptors + 0x1D], 0x93
    rol     edx, 8
    mov     [descriptors + 0x1F], dl
    ror     edx, 8
    mov     si, offset descriptors
    mov     cx, 512
    mov     ah, 0x87
    int     0x15
    ret

.include "boot-services-acpi.inc"

wanted:         .long 0
spt:            .word 0
heads:          .word 0
pm_control:     .word 0x604
packet:         .space 16
descriptors:    .space 48
# Left Shift down, A, A up, Shift up; E0 Up; Ctrl C; keypad Enter; Alt F4; Caps Lock Z.
scan_codes:     .byte 0x2A, 0x1E, 0x9E, 0xAA, 0xE0, 0x48, 0xE0, 0xC8, 0x1D, 0x2E, 0xAE, 0x9D, 0xE0, 0x1C, 0xE0, 0x9C
    .byte   0x38, 0x3E, 0xBE, 0xB8, 0x3A, 0xBA, 0x2C, 0xAC, 0x3A, 0xBA, 0x57, 0xD7, 0
keys:           .word 0x1E41, 0x48E0, 0x2E03, 0xE00D, 0x6B00, 0x2C5A, 0x8500
keys_end:
text_hello:     .ascii "Hello"
text_end:       .asciz "end\n"
    .org    512 * (1 + PAYLOAD_SECTORS)
