# INT 10h AX=4F00h and 4F01h: which modes of VBE there are, and what each is like.
# Source: VBE Core Functions Standard 3.0.

.include "firmware.inc"
.include "video-vbe.inc"

.intel_syntax noprefix
.code16

.text

# Looks up a mode.
# In: BX number.
# Out: SI its geometry; CF when there is none.
# Clobbers: AX.
.global mode_find
mode_find:
    push    di
    mov     di, offset numbers
    mov     si, offset geometries
1:  mov     ax, cs:[di]
    cmp     ax, bx
    je      2f                          # CF is clear
    add     di, 2
    add     si, GEOMETRY_BYTES
    cmp     ax, VBE_END
    jne     1b
    stc
2:  pop     di
    ret

# AL=00h: what there is.
# In: ES:DI room for VBE_OLD_BYTES, or for VBE_BYTES when it says "VBE2".
.global vbe_information
vbe_information:
    mov     cx, VBE_OLD_BYTES / 2
    cmp     dword ptr es:[di], VBE2_SIGNATURE
    pushf
    jne     1f
    mov     cx, VBE_BYTES / 2
1:  push    di
    xor     ax, ax
    rep stosw
    pop     di
    mov     eax, VESA_SIGNATURE
    stosd
    mov     ax, VBE_VERSION
    stosw
    mov     eax, ROM_SEGMENT << 16
    mov     ax, offset vendor
    stosd
    mov     eax, DAC_SWITCHES
    stosd
    lea     ax, [di + VBE_LIST - VBE_LIST_POINTER]
    stosw
    xchg    bx, ax                      # BX: where the list goes, for what is in a ROM may be out of sight
    mov     ax, es
    stosw
    mov     ax, DISPI_MEMORY
    call    dispi_read
    stosw
    mov     si, offset numbers
    mov     cx, (numbers_end - numbers) / 2
    xchg    di, bx
    rep movsw es:[di], cs:[si]
    mov     di, bx
    popf
    jne     2f
    mov     ax, VBE_VERSION
    stosw
    mov     eax, ROM_SEGMENT << 16
    mov     ax, offset vendor
    stosd
    mov     ax, offset product
    stosd
    mov     ax, offset revision
    stosd
2:  ret

# AL=01h: what a mode is like.
# In: CX number, ES:DI room for INFO_BYTES.
.global vbe_mode_information
vbe_mode_information:
    mov     bx, cx
    and     bx, NUMBER_MASK
    call    mode_find
    jc      vbe_failed
    push    di
    xor     ax, ax
    mov     cx, INFO_BYTES / 2
    rep stosw
    pop     di
    mov     bx, si
    mov     al, cs:[bx + GEOMETRY_BITS]
    call    format_of
    mov     word ptr es:[di + INFO_ATTRIBUTES], ATTRIBUTES
    mov     byte ptr es:[di + INFO_WINDOW], WINDOW_READ_WRITE
    mov     word ptr es:[di + INFO_GRANULARITY], WINDOW_KIB
    mov     word ptr es:[di + INFO_WINDOW_KIB], WINDOW_KIB
    mov     word ptr es:[di + INFO_SEGMENT], WINDOW_SEGMENT
    mov     word ptr es:[di + INFO_WINDOW_CALL], offset window_call
    mov     word ptr es:[di + INFO_WINDOW_CALL + 2], ROM_SEGMENT
    mov     word ptr es:[di + INFO_CELL], CELL
    mov     byte ptr es:[di + INFO_BANKS], 1
    mov     byte ptr es:[di + INFO_ONE], 1
    mov     dword ptr es:[di + INFO_CLOCK], CLOCK_HZ
    movzx   eax, word ptr cs:[bx + GEOMETRY_WIDTH]
    mov     es:[di + INFO_WIDTH], ax
    call    pixels_to_bytes
    mov     es:[di + INFO_PITCH], ax
    cmp     byte ptr cs:[si + FORMAT_PLANES], 1
    jne     .Lvbe_mode_information_window
    or      byte ptr es:[di + INFO_ATTRIBUTES], ATTRIBUTE_LINEAR
    mov     es:[di + INFO_LINEAR_PITCH], ax
    call    frame_buffer
    mov     es:[di + INFO_FRAME_BUFFER], eax
    movzx   eax, word ptr es:[di + INFO_PITCH]
.Lvbe_mode_information_window:
    movzx   ecx, word ptr cs:[bx + GEOMETRY_HEIGHT]
    mov     es:[di + INFO_HEIGHT], cx
    imul    ecx, eax
    add     ecx, 0xFFFF
    shr     ecx, 16                     # ECX: 64 KiB that a picture takes
    mov     ax, DISPI_MEMORY
    call    dispi_read
    cmp     byte ptr cs:[si + FORMAT_PLANES], 1
    je      .Lvbe_mode_information_memory
    shr     ax, 2
.Lvbe_mode_information_memory:
    movzx   eax, ax
    xor     edx, edx
    div     ecx
    dec     eax
    cmp     eax, PAGES_MAX
    jbe     .Lvbe_mode_information_pages
    mov     al, PAGES_MAX
.Lvbe_mode_information_pages:
    mov     es:[di + INFO_PAGES], al
    mov     es:[di + INFO_BANKED_PAGES], al
    mov     es:[di + INFO_LINEAR_PAGES], al
    mov     ax, cs:[si + FORMAT_BITS]   # and planes
    xchg    al, ah
    mov     es:[di + INFO_PLANES], ax
    mov     al, cs:[si + FORMAT_MODEL]
    mov     es:[di + INFO_MODEL], al
    add     si, FORMAT_MASKS
    lea     bx, [di + INFO_LINEAR_MASKS]
    add     di, INFO_MASKS
    mov     cx, 9
.Lvbe_mode_information_mask:
    lods    byte ptr cs:[si]
    stosb
    cmp     cx, 1
    je      .Lvbe_mode_information_next                          # what the rest is for is said once
    mov     es:[bx], al
    inc     bx
.Lvbe_mode_information_next:
    loop    .Lvbe_mode_information_mask
    ret

# Where the linear frame buffer is: the display adapter's first window.
# Out: EAX physical address, 0 without.
# Clobbers: EDX.
frame_buffer:
    push    bx
    push    di
    xor     bx, bx
1:  call    pci_next
    mov     eax, 0
    jc      2f
    mov     di, PCI_CLASS
    call    pci_read32
    shr     eax, 8
    cmp     eax, CLASS_DISPLAY
    lea     bx, [bx + 1]
    jne     1b
    dec     bx
    mov     di, PCI_BAR0
    call    pci_read32
    and     eax, ~0x0F
2:  pop     di
    pop     bx
    ret

.data
vendor:
    .asciz  "QuRe"
product:
    .asciz  "QuRe VBE"
revision:
    .asciz  "1"

# Modes of one size: number and bits a pixel, again and again. Callers get a copy of the list of numbers; geometries
# are in the same order.
.macro VBE_MODES width, height, number, bits, more:vararg
.data   1
    .word   \number
.data   2
    .word   \width, \height
    .byte   \bits
.data
    .ifnb   \more
    VBE_MODES \width, \height, \more
    .endif
.endm

.data   1
numbers:
.data   2
geometries:
    VBE_MODES 640, 400, 0x100, 8
    VBE_MODES 640, 480, 0x101, 8
    VBE_MODES 800, 600, 0x102, 4, 0x103, 8
    VBE_MODES 1024, 768, 0x104, 4, 0x105, 8
    VBE_MODES 1280, 1024, 0x106, 4, 0x107, 8
    VBE_MODES 320, 200, 0x10D, 15, 0x10E, 16, 0x10F, 24
    VBE_MODES 640, 480, 0x110, 15, 0x111, 16, 0x112, 24
    VBE_MODES 800, 600, 0x113, 15, 0x114, 16, 0x115, 24
    VBE_MODES 1024, 768, 0x116, 15, 0x117, 16, 0x118, 24
    VBE_MODES 1280, 1024, 0x119, 15, 0x11A, 16, 0x11B, 24
    VBE_MODES 1600, 1200, 0x11C, 8, 0x11D, 15, 0x11E, 16, 0x11F, 24
    VBE_MODES 320, 200, 0x140, 32
    VBE_MODES 640, 400, 0x141, 32
    VBE_MODES 640, 480, 0x142, 32
    VBE_MODES 800, 600, 0x143, 32
    VBE_MODES 1024, 768, 0x144, 32
    VBE_MODES 1280, 1024, 0x145, 32
    VBE_MODES 320, 200, 0x146, 8
    VBE_MODES 1600, 1200, 0x147, 32
    VBE_MODES 1152, 864, 0x148, 8, 0x149, 15, 0x14A, 16, 0x14B, 24, 0x14C, 32
    VBE_MODES 1280, 768, 0x175, 16, 0x176, 24, 0x177, 32
    VBE_MODES 1280, 800, 0x178, 16, 0x179, 24, 0x17A, 32
    VBE_MODES 1280, 960, 0x17B, 16, 0x17C, 24, 0x17D, 32
    VBE_MODES 1440, 900, 0x17E, 16, 0x17F, 24, 0x180, 32
    VBE_MODES 1400, 1050, 0x181, 16, 0x182, 24, 0x183, 32
    VBE_MODES 1680, 1050, 0x184, 16, 0x185, 24, 0x186, 32
    VBE_MODES 1920, 1200, 0x187, 16, 0x188, 24, 0x189, 32
    VBE_MODES 1280, 720, 0x18D, 16, 0x18E, 24, 0x18F, 32
    VBE_MODES 1920, 1080, 0x190, 16, 0x191, 24, 0x192, 32
.data   1
    .word   VBE_END
numbers_end:
.if numbers_end - numbers > VBE_OLD_BYTES - VBE_LIST
.error  "the list of modes is longer than the room that callers of VBE 1 have for it"
.endif
