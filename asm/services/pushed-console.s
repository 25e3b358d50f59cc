# `module push`: a module or a program that comes over the console of this machine, where there is no network. Whoever
# has the console has the machine, so no key is asked for. docs/protocols/push.md, "Over a console".

.include "macros.inc"
.include "cpu.inc"
.include "keys.inc"
.include "console.inc"
.include "memory.inc"
.include "pushed.inc"

SILENT_MS               = 10000         # without a new piece: what came is given up
LOOK_MS                 = 250           # how often it is looked for Ctrl-C

# The page before the content.
LINE_MOST               = 1 + 960       # signs of a line, without its end: # and Base64. For a shell it is a comment
PIECE_OFFSET            = 0             # what a line means: where its bytes belong,
PIECE_CHECKSUM          = 4             # CRC-32 of all of it, with zeros here
PIECE_CONTENT           = 8
PIECE_ROOM              = 720
SCRATCH_LINE            = 0
SCRATCH_PIECE           = 1024
SCRATCH_BYTES           = PAGE_SIZE

STRING verb_push, "push"
STRING word_keep, "keep"

.text

# Runs `module push`. May sleep, for more than a second.
# In: EAX argc, at least 2, EDX argv.
# Out: EAX status; CF when the verb is another, or it is called wrongly.
.global typed_verb
typed_verb:
    push    ebx
    push    esi
    push    edi
    FRAME   PUSH_SIZE
    mov     ebx, edx
    mov     esi, eax
    mov     eax, [ebx + 4]
    mov     edx, offset verb_push
    call    string_compare
    jne     .Ltyped_verb_other
    lea     edi, [ebp - PUSH_SIZE]
    call    typed_asked
    jc      .Ltyped_verb_other
    call    task_hold                   # what it takes it gives back
    call    typed_room
    jc      1f
    call    typed_content
    jc      2f
    mov     eax, edi
    call    pushed_push
2:  pushfd
    push    edx
    call    typed_free
    pop     edx
    popfd
1:  call    typed_outcome
    push    eax
    call    task_unhold
    pop     eax
    clc
    jmp     3f
.Ltyped_verb_other:
    stc
3:  ENDFRAME
    pop     edi
    pop     esi
    pop     ebx
    ret

# Says what has become of it.
# In: EDI record; CF and EDX why it has failed.
# Out: EAX status.
# Clobbers: ECX, EDX.
typed_outcome:
    mov     eax, [edi + PUSH_NAME]
    jc      1f
    mov     edx, [part_away_us]
    PRINTF  "push %s: done, away for %u us\n", eax, edx
    xor     eax, eax
    ret
1:  PRINTF  "push %s: failed: %s\n", eax, edx
    mov     eax, 1
    ret

# Reads what is asked for: NAME BYTES SHA256 [keep].
# In: ESI argc, EBX argv, EDI record.
# Out: the record but for its content; CF when it is called wrongly.
# Clobbers: EAX, ECX, EDX.
typed_asked:
    lea     eax, [esi - 5]
    cmp     eax, 2
    cmc
    jc      9f
    mov     [edi + PUSH_FLAGS], eax     # 1: PUSHED_KEPT
    dec     eax
    jnz     1f
    mov     eax, [ebx + 5 * 4]
    mov     edx, offset word_keep
    call    string_compare
    jne     8f
1:  mov     eax, [ebx + 2 * 4]
    mov     [edi + PUSH_NAME], eax
    call    pushed_name_is_good
    jc      9f
    mov     eax, [ebx + 3 * 4]
    call    parse_number
    jc      9f
    cmp     byte ptr [edx], 0
    jne     8f
    mov     [edi + PUSH_BYTES], eax
    dec     eax
    cmp     eax, PUSHED_BYTES_MAXIMUM
    jae     8f
    mov     eax, [ebx + 4 * 4]
    lea     edx, [edi + PUSH_SHA256]
    jmp     typed_digest
8:  stc
9:  ret

# Reads a SHA-256 that is written in hexadecimal digits.
# In: EAX text, EDX room.
# Out: CF when it is none.
# Clobbers: EAX, ECX, EDX.
typed_digest:
    push    esi
    push    edi
    mov     esi, eax
    mov     edi, edx
    mov     ecx, SHA256_BYTES
    call    parse_hex_bytes
    jc      1f
    cmp     byte ptr [esi], 1           # nothing follows
    cmc
1:  pop     edi
    pop     esi
    ret

# Takes memory for the content, after a page in which lines are read.
# In: EDI record.
# Out: PUSH_CONTENT; CF and EDX why not.
# Clobbers: EAX, ECX.
typed_room:
    call    typed_pages
    call    page_alloc
    LOAD_STRING edx, "there is no memory for it"
    jc      1f
    add     eax, SCRATCH_BYTES
    mov     [edi + PUSH_CONTENT], eax
    clc
1:  ret

# Counts the pages that it takes.
# In: EDI record.
# Out: EAX pages of the content and the one before it.
typed_pages:
    mov     eax, [edi + PUSH_BYTES]
    add     eax, SCRATCH_BYTES + PAGE_SIZE - 1
    shr     eax, 12
    ret

# Gives that memory back.
# In: EDI record.
# Clobbers: EAX, ECX, EDX.
typed_free:
    call    typed_pages
    mov     edx, eax
    mov     eax, [edi + PUSH_CONTENT]
    sub     eax, SCRATCH_BYTES
    jmp     page_free

# Reads the content from the console, a piece in each line, and says after each line how much there is. A line that
# is damaged, or another piece's, changes nothing. May sleep.
# In: EDI record.
# Out: CF and EDX why it did not come.
# Clobbers: EAX, EBX, ECX, ESI.
typed_content:
    FRAME   8
    # Locals: -4 bytes that came, -8 when the next piece has to be there
    mov     dword ptr [ebp - 4], 0
    mov     esi, [edi + PUSH_CONTENT]
    sub     esi, SCRATCH_BYTES          # ESI: the page
.Ltyped_content_heard:
    call    clock_ms
    add     eax, SILENT_MS
    mov     [ebp - 8], eax
.Ltyped_content_say:
    mov     eax, [edi + PUSH_NAME]
    mov     edx, [edi + PUSH_BYTES]
    mov     ecx, [ebp - 4]
    PRINTF  "push %s: %u of %u bytes\r", eax, ecx, edx
    cmp     ecx, edx
    je      .Ltyped_content_whole
    mov     edx, [ebp - 8]
    call    typed_line
    jc      .Ltyped_content_done
    mov     eax, [ebp - 4]
    call    typed_piece
    jc      .Ltyped_content_say
    add     [ebp - 4], ecx
    jmp     .Ltyped_content_heard
.Ltyped_content_whole:
    PRINT   "\n"
    clc
.Ltyped_content_done:
    ENDFRAME
    ret

# Reads a line without showing it. One that is too long is an empty one. May sleep.
# In: ESI page, EDX time of clock_ms at which it has to be there.
# Out: SCRATCH_LINE, with its NUL; CF and EDX why none came.
# Clobbers: EAX, EBX, ECX.
typed_line:
    push    edi
    push    edx
    xor     ebx, ebx                    # EBX: signs that came
.Ltyped_line_next:
    call    clock_ms
    sub     eax, [esp]
    LOAD_STRING edx, "the rest did not come for ten seconds"
    jns     .Ltyped_line_none
    call    break_check
    LOAD_STRING edx, "it was stopped"
    jc      .Ltyped_line_none
    call    key_poll
    jc      .Ltyped_line_wait
    cmp     eax, KEY_ENTER
    je      .Ltyped_line_end
    cmp     ebx, LINE_MOST
    ja      .Ltyped_line_next
    mov     [esi + SCRATCH_LINE + ebx], al
    inc     ebx
    jmp     .Ltyped_line_next
.Ltyped_line_wait:
    call    console_own
    add     eax, CONSOLE_KEYS
    mov     edx, LOOK_MS
    call    event_wait
    jmp     .Ltyped_line_next
.Ltyped_line_end:
    cmp     ebx, LINE_MOST
    jbe     1f
    xor     ebx, ebx
1:  mov     byte ptr [esi + SCRATCH_LINE + ebx], 0
    clc
    jmp     2f
.Ltyped_line_none:
    stc
2:  pop     eax
    pop     edi
    ret

# Takes in the piece of a line, if it is whole and the next one.
# In: ESI page, EDI record, EAX bytes that came.
# Out: ECX bytes of the piece; CF when it is none.
# Clobbers: EAX, EBX, EDX.
typed_piece:
    mov     ebx, eax
    cmp     byte ptr [esi + SCRATCH_LINE], 0x23     # '#'
    jne     .Ltyped_piece_wrong
    lea     eax, [esi + SCRATCH_LINE + 1]
    lea     edx, [esi + SCRATCH_PIECE]
    mov     ecx, PIECE_ROOM
    call    base64_read
    jc      .Ltyped_piece_done
    cmp     eax, PIECE_CONTENT + 1
    jb      .Ltyped_piece_done
    push    eax
    mov     edx, eax
    xor     eax, eax
    xchg    eax, [esi + SCRATCH_PIECE + PIECE_CHECKSUM]
    push    eax
    lea     eax, [esi + SCRATCH_PIECE]
    call    crc32
    pop     edx
    pop     ecx
    cmp     eax, edx
    jne     .Ltyped_piece_wrong
    cmp     ebx, [esi + SCRATCH_PIECE + PIECE_OFFSET]
    jne     .Ltyped_piece_wrong
    sub     ecx, PIECE_CONTENT
    mov     eax, [edi + PUSH_BYTES]
    sub     eax, ebx
    cmp     eax, ecx
    jb      .Ltyped_piece_done          # more than was announced
    push    ecx
    mov     eax, [edi + PUSH_CONTENT]
    add     eax, ebx
    lea     edx, [esi + SCRATCH_PIECE + PIECE_CONTENT]
    call    mem_copy
    pop     ecx
    clc
    ret
.Ltyped_piece_wrong:
    stc
.Ltyped_piece_done:
    ret
