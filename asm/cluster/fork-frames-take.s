# The target's half of a fork to several at once (docs/protocols/fork.md): pages come in frames that all targets hear.
# The net task proves each and has it land at once, whatever the order; nothing is kept of one that is not the source's.
# What has not come, the source sends again.

.include "macros.inc"
.include "errors.inc"
.include "crypto.inc"
.include "net.inc"
.include "fork.inc"

FORGED_MAXIMUM          = FRAMES_WINDOW # so that strangers cost no more than the window itself

.section .bss.kept, "aw", @nobits       # cluster_reset leaves it alone
.balign 4
    # 1: this machine takes frames
.global frames_open
frames_open:            .space 4
    # of the target, and of the source: what both have for this fork
.global frames_secret
frames_secret:          .space FRAMES_SECRET
frames_base:            .space 4        # number of the window's first,
frames_got:             .space 4        # and a bit for each that has come
frames_forged:          .space 4        # that named this fork while the window was the last one, and were not proved

ON_HOOK frames_heard, frames_hear

.text

# Takes no more frames, and forgets the key.
# Clobbers: EAX, ECX.
.global frames_close
frames_close:
    push    edi
    xor     eax, eax
    mov     [frames_open], eax
    mov     edi, offset frames_secret
    mov     ecx, FRAMES_SECRET / 4
    rep stosd
    pop     edi
    ret

# A record of a source that has several targets.
# In: EAX SEALED_KEY or above, EDX value, ESI data, ECX bytes of them.
# Out: CF and EAX text.
# Clobbers: ECX, EDX.
.global frames_record
frames_record:
    cmp     eax, SEALED_KEY
    je      .Lframes_record_key
    cmp     dword ptr [frames_open], 1
    jne     .Lframes_record_wrong
    cmp     eax, SEALED_FRAME
    je      frames_take
    cmp     eax, SEALED_WINDOW
    jne     .Lframes_record_wrong
    mov     ecx, edx
    sub     ecx, [frames_base]          # ECX: how many frames there are in the window
    cmp     ecx, FRAMES_WINDOW
    ja      .Lframes_record_wrong
    mov     eax, 1
    shl     eax, cl
    dec     eax
    mov     edx, [frames_got]
    not     edx
    and     edx, eax                    # EDX: those that have not come
    jnz     1f
    INTERRUPTS_OFF
    add     [frames_base], ecx
    mov     [frames_got], edx
    mov     [frames_forged], edx
    INTERRUPTS_RESTORE
1:  mov     eax, SEALED_LACKS
    xor     ecx, ecx
    jmp     sealed_send
.Lframes_record_key:
    cmp     ecx, FRAMES_SECRET
    jne     .Lframes_record_wrong
    cmp     dword ptr [frames_open], 0
    jne     .Lframes_record_wrong
    mov     eax, offset frames_secret
    mov     edx, esi
    call    mem_copy
    xor     eax, eax                    # CF is clear
    mov     [frames_base], eax
    mov     [frames_got], eax
    mov     [frames_forged], eax
    mov     byte ptr [frames_open], 1
    ret
.Lframes_record_wrong:
    LOAD_STRING eax, "it has said what makes no sense"
    stc
    ret

# A frame came in. Anybody who hears them can send one that names this fork, and to prove it takes the cipher's time. So
# after many forged ones no more of the window are proved: what is lacking comes over the connection. The net task runs
# this.
# In: EAX interface, EDX frame, ECX bytes after the Ethernet header.
frames_hear:
    cmp     dword ptr [frames_forged], FORGED_MAXIMUM
    jae     1f
    push    esi
    lea     esi, [edx + ETHER_HEADER_SIZE]
    call    frames_take
    pop     esi
1:  ret

# Takes a frame, if it is of this fork. One that has come already, or that the window does not reach, changes nothing.
# In: ESI frame from FRAME_MAGIC on, which is deciphered where it is; ECX bytes.
# Out: CF and EAX text when it is none of the source's, or there is no room for what is in it.
# Clobbers: ECX, EDX.
frames_take:
    push    ebx
    push    esi
    push    edi
    push    ebp
    lea     edi, [ecx - FRAME_DATA - POLY1305_BYTES]    # EDI: bytes of its data
    cmp     edi, FRAME_DATA_MAXIMUM
    ja      .Lframes_take_foreign
    cmp     dword ptr [esi + FRAME_MAGIC], FRAME_MAGIC_VALUE
    jne     .Lframes_take_foreign
    cmp     dword ptr [esi + FRAME_VERSION], FRAME_VERSION_VALUE
    jne     .Lframes_take_foreign
    call    frames_ours
    jne     .Lframes_take_foreign
    mov     ebx, [esi + FRAME_NUMBER]
    call    frames_wanted
    jc      .Lframes_take_known
    add     esi, FRAME_ENTRY
    mov     eax, offset frames_secret + SECRET_KEY
    mov     edx, ebx
    call    chacha20_poly1305_length
    mov     ebp, eax                    # EBP: entry
    mov     eax, offset frames_secret + SECRET_KEY
    mov     edx, ebx
    lea     ecx, [edi + FRAME_DATA - FRAME_ENTRY]
    call    chacha20_poly1305_open
    lea     esi, [esi - FRAME_ENTRY]
    jc      .Lframes_take_forged
    INTERRUPTS_OFF                      # the net task and the one of the fork do this, and either may have been quicker
    call    frames_ours
    jne     .Lframes_take_late
    call    frames_wanted
    jc      .Lframes_take_late
    push    ecx
    add     esi, FRAME_DATA
    call    frames_land
    pop     ecx
    jc      .Lframes_take_failed
    bts     [frames_got], ecx
.Lframes_take_late:
    INTERRUPTS_RESTORE
.Lframes_take_known:
    clc
    jmp     .Lframes_take_done
.Lframes_take_failed:
    INTERRUPTS_RESTORE
    call    error_text_failed
    jmp     .Lframes_take_done
.Lframes_take_forged:
    inc     dword ptr [frames_forged]
.Lframes_take_foreign:
    LOAD_STRING eax, "what came was not made by the other side for this try"
    stc
.Lframes_take_done:
    pop     ebp
    pop     edi
    pop     esi
    pop     ebx
    ret

# Whether a frame names this fork, and this machine takes frames.
# In: ESI frame.
# Out: ZF when so.
# Clobbers: EAX.
frames_ours:
    cmp     dword ptr [frames_open], 1
    jne     1f
    mov     eax, [frames_secret + SECRET_TRANSFER]
    cmp     eax, [esi + FRAME_TRANSFER]
    jne     1f
    mov     eax, [frames_secret + SECRET_TRANSFER + 4]
    cmp     eax, [esi + FRAME_TRANSFER + 4]
1:  ret

# Whether the window lacks a frame.
# In: EBX its number.
# Out: ECX its bit; CF when not.
frames_wanted:
    mov     ecx, ebx
    sub     ecx, [frames_base]
    cmp     ecx, FRAMES_WINDOW
    cmc
    jc      1f
    bt      [frames_got], ecx
1:  ret

# Has what a frame brings land.
# In: EBP entry, ESI data, EDI bytes of them.
# Out: CF and EAX error.
# Clobbers: all registers.
frames_land:
    test    ebp, ebp
    js      .Lframes_land_zeros         # COPY_ZEROS
    mov     ebx, ebp
    shr     ebx, COPY_EIGHTHS           # EBX: which eighths are in it
    and     ebp, COPY_PAGE
    xor     edx, edx
1:  shr     ebx, 1
    jnc     2f
    sub     edi, EIGHTH
    jb      .Lframes_land_wrong
    push    edx
    mov     eax, ebp
    mov     ecx, EIGHTH
    call    land_part                   # none beyond the page
    pop     edx
    jc      3f
    add     esi, EIGHTH
2:  add     edx, EIGHTH
    test    ebx, ebx
    jnz     1b
    test    edi, edi
    jnz     .Lframes_land_wrong         # CF is clear
3:  ret
.Lframes_land_zeros:
    cmp     edi, FRAME_ZEROS
    jne     .Lframes_land_wrong
    cmp     dword ptr [esi], FRAME_ZEROS_MAXIMUM
    ja      .Lframes_land_wrong
    mov     edx, ebp
    and     edx, COPY_PAGE
    mov     ecx, 4
    jmp     accept_zeros
.Lframes_land_wrong:
    mov     eax, ERROR_INVALID
    stc
    ret
