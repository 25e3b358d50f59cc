# date: shows the time of day, in a form that may be said, and sets it.

.include "macros.inc"
.include "errors.inc"
.include "date.inc"

EPOCH_SECONDS       = 946684800             # from 1970 to 2000
STEP_MOST           = 0x7FFFFFFF            # seconds that the clock is set by at once

# Locals of date_set, below EBP.
SET_DATE            = -DATE_SIZE            # what is wanted
SET_OTHER           = -2 * DATE_SIZE        # to compare it with

.text

# Shell command: prints date and time, by a format after +, or sets them.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_date:
    push    ebx
    push    esi
    mov     ebx, eax
    LOAD_STRING esi, "%a %Y-%m-%d %H:%M:%S"
    cmp     eax, 1
    je      .Lcommand_date_show
    mov     eax, [edx + 4]
    cmp     ebx, 2
    jne     1f
    cmp     byte ptr [eax], '+'
    jne     .Lcommand_date_usage
    lea     esi, [eax + 1]
    jmp     .Lcommand_date_show
1:  cmp     word ptr [eax], '-' + ('s' << 8)
    jne     .Lcommand_date_usage
    cmp     byte ptr [eax + 2], 0
    jne     .Lcommand_date_usage
    cmp     ebx, 4
    ja      .Lcommand_date_usage
    lea     esi, [edx + 8]
    call    date_set
    jc      .Lcommand_date_wrong
    LOAD_STRING esi, "%a %Y-%m-%d %H:%M:%S"
.Lcommand_date_show:
    call    date_show
    xor     eax, eax
.Lcommand_date_done:
    pop     esi
    pop     ebx
    ret
.Lcommand_date_wrong:
    PRINTF  "date: %s\n", eax
    mov     eax, 1
    jmp     .Lcommand_date_done
.Lcommand_date_usage:
    PRINT   "usage: date [+FORMAT | -s [YYYY-MM-DD] [HH:MM[:SS]] | -s @SECONDS]\n"
    mov     eax, 2
    jmp     .Lcommand_date_done

# Prints date and time.
# In: ESI format, as of POSIX's date.
# Clobbers: EAX, ECX, EDX, ESI.
date_show:
    push    ebp
    mov     ebp, esp
    sub     esp, DATE_SIZE
    push    ebx
    call    clock_seconds
    mov     ebx, eax                    # EBX: seconds since 2000
    lea     edx, [ebp - DATE_SIZE]
    call    date_from_seconds
.Ldate_show_next:
    lodsb
    test    al, al
    jz      .Ldate_show_done
    cmp     al, '%'
    je      1f
    movzx   eax, al
    PRINTF  "%c", eax
    jmp     .Ldate_show_next
1:  lodsb
    test    al, al
    jz      .Ldate_show_done
    mov     ecx, offset date_parts
2:  cmp     byte ptr [ecx], 0
    je      .Ldate_show_next
    cmp     [ecx], al
    lea     ecx, [ecx + 5]
    jne     2b
    call    [ecx - 4]
    jmp     .Ldate_show_next
.Ldate_show_done:
    PRINT   "\n"
    pop     ebx
    leave
    ret

# The parts of a format print what they stand for. In: EBX seconds since 2000, EBP - DATE_SIZE the date. Clobbers: EAX.

# The day of the week.
date_weekday:
    mov     eax, [ebp - DATE_SIZE + DATE_WEEKDAY]
    lea     eax, [weekday_names + eax*4]
    PRINTF  "%s", eax
    ret

# The year.
date_year:
    PRINTF  "%u", [ebp-DATE_SIZE+DATE_YEAR]
    ret

# The month.
date_month:
    PRINTF  "%02u", [ebp-DATE_SIZE+DATE_MONTH]
    ret

# The day of the month.
date_day:
    PRINTF  "%02u", [ebp-DATE_SIZE+DATE_DAY]
    ret

# The hour.
date_hour:
    PRINTF  "%02u", [ebp-DATE_SIZE+DATE_HOUR]
    ret

# The minute.
date_minute:
    PRINTF  "%02u", [ebp-DATE_SIZE+DATE_MINUTE]
    ret

# The second.
date_second:
    PRINTF  "%02u", [ebp-DATE_SIZE+DATE_SECOND]
    ret

# The date.
date_whole:
    PRINTF  "%u-%02u-%02u", [ebp-DATE_SIZE+DATE_YEAR], [ebp-DATE_SIZE+DATE_MONTH], [ebp-DATE_SIZE+DATE_DAY]
    ret

# The time of day.
date_time:
    PRINTF  "%02u:%02u:%02u", [ebp-DATE_SIZE+DATE_HOUR], [ebp-DATE_SIZE+DATE_MINUTE], [ebp-DATE_SIZE+DATE_SECOND]
    ret

# The seconds since 1970.
date_since_1970:
    lea     eax, [ebx + EPOCH_SECONDS]
    PRINTF  "%u", eax
    ret

# The sign itself.
date_percent:
    PRINT   "%"
    ret

# Sets the clock.
# In: ESI address of the addresses of one or two words, and 0: a date, a time, or both.
# Out: CF and EAX message.
# Clobbers: ECX, EDX, ESI.
date_set:
    push    ebp
    mov     ebp, esp
    sub     esp, 2 * DATE_SIZE
    push    edi
    mov     eax, [esi]
    cmp     byte ptr [eax], '@'
    je      .Ldate_set_seconds
    call    clock_seconds               # what is not said stays as it is
    lea     edx, [ebp + SET_DATE]
    call    date_from_seconds
.Ldate_set_word:
    lodsd
    test    eax, eax
    jz      .Ldate_set_whole
    mov     edi, offset date_forms
.Ldate_set_form:
    mov     ecx, [edi]
    jecxz   .Ldate_set_wrong
    add     edi, 16
    push    eax
    call    date_word
    pop     eax
    jc      .Ldate_set_form
    jmp     .Ldate_set_word
.Ldate_set_whole:
    mov     eax, [ebp + SET_DATE + DATE_YEAR]
    sub     eax, 2000
    cmp     eax, DATE_YEAR_MOST - 2000
    ja      .Ldate_set_range
    mov     eax, [ebp + SET_DATE + DATE_MONTH]
    dec     eax
    cmp     eax, 12
    jae     .Ldate_set_wrong
    lea     eax, [ebp + SET_DATE]
    call    date_to_seconds
    push    eax
    lea     edx, [ebp + SET_OTHER]
    call    date_from_seconds
    pop     edx
    mov     ecx, DATE_WEEKDAY           # a day that there is comes back as it was
1:  sub     ecx, 4
    js      .Ldate_set_step
    mov     eax, [ebp + SET_DATE + ecx]
    cmp     eax, [ebp + SET_OTHER + ecx]
    je      1b
.Ldate_set_wrong:
    LOAD_STRING eax, "there is no such date or time; they are written 2026-01-31 and 23:59:30"
    jmp     .Ldate_set_refused
.Ldate_set_seconds:
    inc     eax
    call    parse_number
    jc      .Ldate_set_wrong
    cmp     byte ptr [edx], 0
    jne     .Ldate_set_wrong
    cmp     dword ptr [esi + 4], 0
    jne     .Ldate_set_wrong
    mov     edx, eax
    sub     edx, EPOCH_SECONDS
    jb      .Ldate_set_range
.Ldate_set_step:
    mov     esi, edx                    # ESI: seconds since 2000
2:  call    clock_seconds
    mov     edx, esi
    sub     edx, eax
    mov     eax, edx
    jb      3f
    cmp     eax, STEP_MOST
    jbe     4f
    mov     eax, STEP_MOST
    jmp     4f
3:  cmp     eax, -STEP_MOST
    jae     4f
    mov     eax, -STEP_MOST
4:  test    eax, eax
    jz      .Ldate_set_done             # CF is clear
    xor     edx, edx
    call    clock_step
    jnc     2b
.Ldate_set_range:
    LOAD_STRING eax, "the clock has the years 2000 to 2105"
.Ldate_set_refused:
    stc
.Ldate_set_done:
    pop     edi
    leave
    ret

# Reads a word by a form: numbers with a sign between them.
# In: EAX word, EDI after the form, EBP frame of date_set.
# Out: CF when it has another one.
# Clobbers: EAX, ECX, EDX.
date_word:
    push    ebx
    lea     ebx, [edi - 16]
    mov     ecx, eax                    # its first sign tells which form it is
.Ldate_word_sign:
    mov     dl, [ecx]
    inc     ecx
    sub     dl, '0'
    cmp     dl, 10
    jb      .Ldate_word_sign
    add     dl, '0'
    cmp     dl, [ebx + 1]
    jne     3f
1:  push    eax
    mov     al, [eax]
    sub     al, '0'
    cmp     al, 10
    pop     eax
    jae     3f
    call    parse_number
    jc      4f
    mov     ecx, [ebx]
    and     ecx, 0xFF
    mov     [ebp + SET_DATE + ecx], eax
    mov     al, [ebx + 1]               # what follows
    add     ebx, 4
    cmp     [edx], al
    jne     2f
    test    al, al
    jz      4f                          # CF is clear
    lea     eax, [edx + 1]
    jmp     1b
2:  cmp     byte ptr [edx], 0           # seconds may be missing
    jne     3f
    cmp     byte ptr [ebx - 4 + 2], 1
    mov     dword ptr [ebp + SET_DATE + DATE_SECOND], 0
    je      4f                          # CF is clear
3:  stc
4:  pop     ebx
    ret

.macro PART letter:req, routine:req
    .byte   \letter
    .long   \routine
.endm

SHELL_COMMAND "date", command_date, "[+FORMAT | -s DATE]", "show or set date and time", GROUP_SYSTEM, date_text

.section .rodata
date_text:
    .ascii  "date -s 2026-01-31, date -s 23:59:30 or both set the clock until the machine is switched off, so does\n"
    .ascii  "date -s @SECONDS, since 1970. date +FORMAT prints what the letters stand for: %Y %m %d %H %M %S, %F the\n"
    .asciz  "date, %T the time, %a the day of the week, %s the seconds since 1970. Times are UTC.\n"
weekday_names:
    .asciz  "Mon"
    .asciz  "Tue"
    .asciz  "Wed"
    .asciz  "Thu"
    .asciz  "Fri"
    .asciz  "Sat"
    .asciz  "Sun"
.balign 4
# A part of a date each: its place, the sign after it, 1 when the word may end there, too.
date_forms:
    .byte   DATE_YEAR, '-', 0, 0, DATE_MONTH, '-', 0, 0, DATE_DAY, 0, 0, 0, 0, 0, 0, 0
    .byte   DATE_HOUR, ':', 0, 0, DATE_MINUTE, ':', 1, 0, DATE_SECOND, 0, 0, 0, 0, 0, 0, 0
    .long   0
date_parts:
    PART    'a', date_weekday
    PART    'Y', date_year
    PART    'm', date_month
    PART    'd', date_day
    PART    'H', date_hour
    PART    'M', date_minute
    PART    'S', date_second
    PART    'F', date_whole
    PART    'T', date_time
    PART    's', date_since_1970
    PART    '%', date_percent
    .byte   0
