# The graphics mode that a Multiboot kernel wants, as far as the BIOS has it: with a linear frame buffer and pixels of
# red, green and blue. Where there is none the screen stays in text mode, as its description says.
# VBE Core Functions Standard 3.0, sections 4.3 to 4.5; Multiboot2 Specification 2.0, section 3.6.12.

.include "starter.inc"

.intel_syntax noprefix
.code16

VBE_OK                  = 0x004F
VBE2_SIGNATURE          = 0x32454256    # "VBE2": what is more than version 1 is wanted too
VBE_MODES               = 14            # u32   offset and segment of the list, in the block of the controller
VBE_VERSION             = 4             # u16
VBE_VERSION_3           = 0x0300
VBE_MODE_BLOCK          = 512           # the block of the mode, after that of the controller
VBE_SET_LINEAR          = 0x4000
MODES_END               = 0xFFFF

mode_attributes         = 0x00          # u16
mode_pitch              = 0x10          # u16
mode_width              = 0x12          # u16
mode_height             = 0x14          # u16
mode_bits               = 0x19          # u8
mode_model              = 0x1B          # u8
mode_masks              = 0x1F          # size and position of red, green and blue
mode_address            = 0x28          # u32
mode_linear_pitch       = 0x32          # u16   since version 3
ATTRIBUTES_NEEDED       = 0x0091        # it is there, has graphics, and a linear frame buffer
MODEL_DIRECT            = 6

frame_address           = 0             # u64
frame_pitch             = 8             # u32
frame_width             = 12            # u32
frame_height            = 16            # u32
frame_bits              = 20            # u8
frame_kind              = 21            # u8
frame_colours           = 22            # position and size of red, green and blue; two bytes later in Multiboot 2
KIND_DIRECT             = 1

MB1_FLAG_VBE            = 1 << 11       # of the information's flags

.text

# Sets the mode, and describes it in the information.
# Clobbers: EAX, EBX, ECX, EDX, ESI, EDI.
.global frame_open
frame_open:
    cmp     dword ptr [PLAN + pl_frame], 0
    je      .Lframe_open_done
    mov     di, [PLAN + pl_vbe]
    mov     dword ptr [di], VBE2_SIGNATURE
    mov     ax, 0x4F00
    int     0x10
    cmp     ax, VBE_OK
    jne     .Lframe_open_done
    mov     al, [PLAN + pl_bits]
    mov     bx, offset depths
.Lframe_open_try:
    call    frame_find
    je      .Lframe_open_set
    mov     al, [bx]                    # then with other pixels of the same size
    inc     bx
    test    al, al
    jnz     .Lframe_open_try
    ret
.Lframe_open_set:
    mov     bx, cx
    or      bx, VBE_SET_LINEAR
    mov     ax, 0x4F02
    int     0x10
    cmp     ax, VBE_OK
    jne     .Lframe_open_done
    mov     si, [PLAN + pl_vbe_mode]
    mov     [si], cx
    call    frame_describe
    cmp     dword ptr [PLAN + pl_info], INFO_MULTIBOOT1
    jne     .Lframe_open_done
    mov     si, [PLAN + pl_info_address]
    or      dword ptr [si], MB1_FLAG_VBE
.Lframe_open_done:
    ret

# Looks for a mode of the size that is wanted.
# In: AL bits a pixel; the block of the controller.
# Out: ZF when there is one: CX its number, and its block.
# Clobbers: AX, DX, SI, DI.
frame_find:
    mov     dl, al
    mov     di, [PLAN + pl_vbe]
    push    fs
    lfs     si, [di + VBE_MODES]
    add     di, VBE_MODE_BLOCK
1:  mov     cx, fs:[si]
    add     si, 2
    cmp     cx, MODES_END
    je      2f
    mov     ax, 0x4F01
    int     0x10
    cmp     ax, VBE_OK
    jne     1b
    mov     ax, [di + mode_attributes]
    and     ax, ATTRIBUTES_NEEDED
    cmp     ax, ATTRIBUTES_NEEDED
    jne     1b
    cmp     byte ptr [di + mode_model], MODEL_DIRECT
    jne     1b
    cmp     dl, [di + mode_bits]
    jne     1b
    mov     ax, [di + mode_width]
    cmp     ax, [PLAN + pl_width]
    jne     1b
    mov     ax, [di + mode_height]
    cmp     ax, [PLAN + pl_height]
    jne     1b
    pop     fs
    ret
2:  test    sp, sp                      # ZF clear
    pop     fs
    ret

# Describes the mode that was found, in the place of the text screen.
# Clobbers: EAX, CX, SI, DI.
frame_describe:
    mov     si, [PLAN + pl_vbe]
    mov     di, [PLAN + pl_frame]
    movzx   eax, word ptr [si + VBE_MODE_BLOCK + mode_pitch]
    cmp     word ptr [si + VBE_VERSION], VBE_VERSION_3
    jb      1f
    movzx   eax, word ptr [si + VBE_MODE_BLOCK + mode_linear_pitch]
1:  mov     [di + frame_pitch], eax
    add     si, VBE_MODE_BLOCK
    mov     eax, [si + mode_address]
    mov     [di + frame_address], eax
    movzx   eax, word ptr [si + mode_width]
    mov     [di + frame_width], eax
    movzx   eax, word ptr [si + mode_height]
    mov     [di + frame_height], eax
    mov     al, [si + mode_bits]
    mov     [di + frame_bits], al
    mov     byte ptr [di + frame_kind], KIND_DIRECT
    add     di, frame_colours
    cmp     dword ptr [PLAN + pl_info], INFO_MULTIBOOT2
    jne     2f
    add     di, 2
2:  add     si, mode_masks
    mov     cx, 3
3:  lodsw
    xchg    al, ah                      # VBE has the size first
    stosw
    loop    3b
    ret

.data
depths:
    .byte   32, 24, 16, 15, 0
