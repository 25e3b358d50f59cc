# The reader's own system, of which the README's test speaks: a boot sector with a login.

.intel_syntax noprefix
.code16
.text

    cld
    sti
    xor     ax, ax
    mov     ds, ax
    mov     ax, 3
    int     0x10
    mov     si, offset greeting
    call    print
    mov     si, offset login
    call    print
next_key:
    call    serial_read
    call    serial_write
    cmp     al, '\r'
    jne     next_key
    mov     si, offset prompt
    call    print
    jmp     next_key

# In: DS:SI text that ends with 0. Out: nothing. Clobbers: AX, DX, SI, flags.
print:
    lodsb
    test    al, al
    jz      print_done
    call    serial_write
    # Also on the screen.
    mov     ah, 0x0e
    xor     bx, bx
    int     0x10
    jmp     print
print_done:
    ret

# In: AL byte. Out: nothing. Clobbers: AH, DX, flags.
serial_write:
    mov     ah, al
    mov     dx, 0x3fd
serial_busy:
    in      al, dx
    test    al, 0x20
    jz      serial_busy
    mov     al, ah
    mov     dx, 0x3f8
    out     dx, al
    ret

# In: nothing. Out: AL byte. Clobbers: DX, flags. Sleeps from one tick of the clock to the next.
serial_read:
    mov     dx, 0x3fd
    in      al, dx
    test    al, 1
    jnz     serial_ready
    hlt
    jmp     serial_read
serial_ready:
    mov     dx, 0x3f8
    in      al, dx
    ret

greeting:   .asciz "My OS\r\n"
login:      .asciz "login: "
prompt:     .asciz "\n# "

    .org    510
    .word   0xaa55
