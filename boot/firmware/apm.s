# INT 15h AH=53h: Advanced Power Management 1.2, for systems that switch off and idle by it, in real mode and by its two
# entries for protected mode. There is no battery, no event ever comes, and standby waits for an interrupt. Source:
# Intel and Microsoft, Advanced Power Management BIOS Interface Specification 1.2 (1996).

.include "firmware.inc"

.intel_syntax noprefix
.code16

VERSION                 = 0x0102        # as INT 15h says it: AH major, AL minor
SIGNATURE               = 0x504D        # "PM"
FLAGS                   = 0x03          # entries for 16-bit and 32-bit protected mode
SEGMENT_BYTES           = 0xFFF0        # of our segment, code and data
NO_EVENT                = 0x80
NO_FUNCTION             = 0x0C
ALL_DEVICES             = 1
STATE_STANDBY           = 1
STATE_SUSPEND           = 2
STATE_OFF               = 3
SLP_EN                  = 0x2000        # PM1 control: sleep now; type 0 in bits 10-12 is soft off on the PIIX4
POWER_LINE              = 0x01FF        # BH on line, BL no battery known
NO_BATTERY              = 0x80FF        # CH flags: no battery; CL nothing is known of its charge
NOTHING_KNOWN           = 0xFFFF        # DX its time

# What is the same in each mode: in code of the size at hand, a routine.
# In: AL function 04h to 10h, BX, CX as APM defines.
# Out: AX, BX, CX, DX, SI as APM defines; CF and AH an error.
# Clobbers: nothing else.
.macro APM_CALL
    cmp     al, 0x05
    je      .Lapm_idle_\@
    jb      .Lapm_good_\@               # 04h disconnect
    cmp     al, 0x07
    jb      .Lapm_good_\@               # 06h busy
    je      .Lapm_set_\@
    cmp     al, 0x0A
    je      .Lapm_status_\@
    jb      .Lapm_good_\@               # 08h enable, 09h defaults
    cmp     al, 0x0B
    je      .Lapm_event_\@
    cmp     al, 0x0E
    jb      .Lapm_bad_\@
    je      .Lapm_version_\@
    cmp     al, 0x10
    ja      .Lapm_bad_\@
    jb      .Lapm_good_\@               # 0Fh engage
    mov     bl, 0                       # 10h: batteries,
    xor     cx, cx                      # and abilities
.Lapm_good_\@:
    clc
    ret
.Lapm_event_\@:
    mov     ah, NO_EVENT
    stc
    ret
.Lapm_bad_\@:
    mov     ah, NO_FUNCTION
    stc
    ret
.Lapm_status_\@:
    mov     bx, POWER_LINE
    mov     cx, NO_BATTERY
    mov     dx, NOTHING_KNOWN
    xor     si, si
    ret
.Lapm_version_\@:
    mov     ax, VERSION
    clc
    ret
.Lapm_set_\@:
    cmp     bx, ALL_DEVICES
    jne     .Lapm_good_\@
    cmp     cx, STATE_OFF
    ja      .Lapm_good_\@
    jb      .Lapm_idle_\@
    push    dx
    mov     dx, PM1A_CONTROL
    mov     ax, SLP_EN
    out     dx, ax
    pop     dx
    jmp     .Lapm_good_\@
.Lapm_idle_\@:
    pushf
    sti
    hlt
    popf
    jmp     .Lapm_good_\@
.endm

.text

# As APM_CALL.
# In: AL function.
apm_call:
    APM_CALL

# Entry for 16-bit protected mode: called far, with a selector of our segment, as the other one.
# In: AL function.
apm_entry_16:
    call    apm_call
    retf

.code32
# As APM_CALL, in 32-bit code.
# In: AL function.
apm_call_32:
    APM_CALL

# Entry for 32-bit protected mode.
# In: AL function.
apm_entry_32:
    call    apm_call_32
    retf
.code16

# INT 15h AH=53h.
# In: AL function.
.global system_apm
system_apm:
    cmp     al, 3
    ja      1f
    push    offset service_ok
    movzx   si, al
    add     si, si
    jmp     cs:[apm_connections + si]
1:  call    apm_call
    mov     [bp + F_AX], ax
    mov     [bp + F_BX], bx
    mov     [bp + F_CX], cx
    mov     [bp + F_DX], dx
    mov     [bp + F_SI], si
    jc      service_carry
    jmp     service_ok

# AL=00h: installation check.
apm_check:
    mov     word ptr [bp + F_AX], VERSION
    mov     word ptr [bp + F_BX], SIGNATURE
    mov     word ptr [bp + F_CX], FLAGS
    ret

# AL=01h, 02h, 03h: connect by INT 15h, by the entry for 16-bit or for 32-bit protected mode.
apm_connect_16:
    mov     word ptr [bp + F_BX], offset apm_entry_16
    mov     word ptr [bp + F_CX], ROM_SEGMENT
    mov     word ptr [bp + F_SI], SEGMENT_BYTES
    jmp     1f
apm_connect_32:
    mov     dword ptr [bp + F_EBX], offset apm_entry_32
    mov     word ptr [bp + F_CX], ROM_SEGMENT
    mov     word ptr [bp + F_DX], ROM_SEGMENT
    mov     dword ptr [bp + F_ESI], SEGMENT_BYTES << 16 | SEGMENT_BYTES
1:  mov     word ptr [bp + F_AX], ROM_SEGMENT
    mov     word ptr [bp + F_DI], SEGMENT_BYTES
apm_connect:
    ret

.data
apm_connections:
    .word   apm_check, apm_connect, apm_connect_16, apm_connect_32
