# The real-time clock in CMOS memory (MC146818). Counts years in two digits; the century byte is where the PC/AT put it.

.include "macros.inc"
.include "date.inc"

CMOS_INDEX          = 0x70
CMOS_DATA           = 0x71
RTC_SECOND          = 0x00
RTC_MINUTE          = 0x02
RTC_HOUR            = 0x04
RTC_DAY             = 0x07
RTC_MONTH           = 0x08
RTC_YEAR            = 0x09
RTC_STATUS_A        = 0x0A
RTC_STATUS_B        = 0x0B
RTC_CENTURY         = 0x32
RTC_UPDATING        = 0x80                  # status A
RTC_24_HOURS        = 0x02                  # status B
RTC_BINARY          = 0x04
RTC_PM              = 0x80                  # in the hour, when it counts to 12

.text

# Reads a register of the CMOS.
# In: AL register.
# Out: EAX its value.
# Clobbers: EAX only.
.global cmos_read
cmos_read:
    INTERRUPTS_OFF                      # the RTC's handler reads too
    out     CMOS_INDEX, al
    xor     eax, eax
    in      al, CMOS_DATA
    INTERRUPTS_RESTORE
    ret

# Writes a register of the CMOS.
# In: AH register, AL value.
# Clobbers: EAX only.
.global cmos_write
cmos_write:
    INTERRUPTS_OFF
    xchg    al, ah
    out     CMOS_INDEX, al
    mov     al, ah
    out     CMOS_DATA, al
    INTERRUPTS_RESTORE
    ret

# Reads the date twice until both readings agree, so that no update came between.
# Out: EAX seconds since 2000-01-01 00:00:00; 0 for a clock that holds nonsense.
.global rtc_read
rtc_read:
    push    ebx
    sub     esp, DATE_SIZE * 2
    mov     ebx, 10                     # attempts
1:  mov     eax, esp
    call    rtc_sample
    jc      3f
    lea     eax, [esp + DATE_SIZE]
    call    rtc_sample
    jc      3f
    mov     eax, esp
    lea     edx, [esp + DATE_SIZE]
    mov     ecx, DATE_WEEKDAY
    call    mem_compare
    je      2f
    dec     ebx
    jnz     1b
2:  mov     al, RTC_STATUS_B
    call    cmos_read
    mov     edx, eax
    mov     eax, esp
    call    rtc_normalize
    jc      3f
    mov     eax, esp
    call    date_to_seconds
    jmp     4f
3:  xor     eax, eax
4:  add     esp, DATE_SIZE * 2
    pop     ebx
    ret

# Reads the raw registers.
# In: EAX date to fill; its year holds the two digits, and the century in the second byte.
# Out: CF when the clock is updating for ever: there is none.
rtc_sample:
    push    ebx
    mov     ebx, eax
    mov     ecx, 100000                 # an update takes 2 ms at most
1:  mov     al, RTC_STATUS_A
    call    cmos_read
    test    al, RTC_UPDATING
    jz      2f
    dec     ecx
    jnz     1b
    pop     ebx
    stc
    ret
2:  mov     al, RTC_SECOND
    call    cmos_read
    mov     [ebx + DATE_SECOND], eax
    mov     al, RTC_MINUTE
    call    cmos_read
    mov     [ebx + DATE_MINUTE], eax
    mov     al, RTC_HOUR
    call    cmos_read
    mov     [ebx + DATE_HOUR], eax
    mov     al, RTC_DAY
    call    cmos_read
    mov     [ebx + DATE_DAY], eax
    mov     al, RTC_MONTH
    call    cmos_read
    mov     [ebx + DATE_MONTH], eax
    mov     al, RTC_CENTURY
    call    cmos_read
    mov     ecx, eax
    shl     ecx, 8
    mov     al, RTC_YEAR
    call    cmos_read
    or      eax, ecx                    # clears CF
    mov     [ebx + DATE_YEAR], eax
    pop     ebx
    ret

# Turns the raw registers into numbers.
# In: EAX date, EDX status B.
# Out: CF when they make no date.
rtc_normalize:
    push    ebx
    push    esi
    mov     ebx, eax
    mov     esi, edx
    mov     edx, [ebx + DATE_HOUR]
    and     edx, RTC_PM
    and     dword ptr [ebx + DATE_HOUR], 0x7F
    movzx   ecx, byte ptr [ebx + DATE_YEAR + 1]
    and     dword ptr [ebx + DATE_YEAR], 0xFF
    test    esi, RTC_BINARY
    jnz     .Lrtc_normalize_binary
    push    ecx
    xor     ecx, ecx
.Lrtc_normalize_bcd:
    mov     eax, [ebx + ecx*4]
    call    rtc_from_bcd
    mov     [ebx + ecx*4], eax
    inc     ecx
    cmp     ecx, DATE_WEEKDAY / 4
    jb      .Lrtc_normalize_bcd
    pop     eax
    call    rtc_from_bcd
    mov     ecx, eax
.Lrtc_normalize_binary:
    test    esi, RTC_24_HOURS
    jnz     .Lrtc_normalize_hours_good
    cmp     dword ptr [ebx + DATE_HOUR], 12 # 12 is the hour 0 of each half
    jne     .Lrtc_normalize_afternoon
    mov     dword ptr [ebx + DATE_HOUR], 0
.Lrtc_normalize_afternoon:
    test    edx, edx
    jz      .Lrtc_normalize_hours_good
    add     dword ptr [ebx + DATE_HOUR], 12
.Lrtc_normalize_hours_good:
    cmp     ecx, 20                     # a byte that is no century of ours counts as 20
    je      .Lrtc_normalize_century
    cmp     ecx, 21
    je      .Lrtc_normalize_century
    mov     ecx, 20
.Lrtc_normalize_century:
    imul    ecx, ecx, 100
    add     [ebx + DATE_YEAR], ecx
    cmp     dword ptr [ebx + DATE_YEAR], DATE_YEAR_MOST
    ja      .Lrtc_normalize_bad
    mov     eax, [ebx + DATE_MONTH]
    dec     eax
    cmp     eax, 12
    jae     .Lrtc_normalize_bad
    mov     eax, [ebx + DATE_DAY]
    dec     eax
    cmp     eax, 31
    jae     .Lrtc_normalize_bad
    cmp     dword ptr [ebx + DATE_HOUR], 24
    jae     .Lrtc_normalize_bad
    clc
    jmp     .Lrtc_normalize_done
.Lrtc_normalize_bad:
    stc
.Lrtc_normalize_done:
    pop     esi
    pop     ebx
    ret

# Turns a byte from BCD into binary.
# In: EAX byte in BCD.
# Out: EAX binary.
# Clobbers: EAX only.
rtc_from_bcd:
    push    edx
    mov     edx, eax
    and     eax, 15
    shr     edx, 4
    imul    edx, edx, 10
    add     eax, edx
    pop     edx
    ret

# Counts the seconds from the start of the century to a date.
# In: EAX date.
# Out: EAX seconds since 2000-01-01 00:00:00.
.global date_to_seconds
date_to_seconds:
    push    ebx
    mov     ebx, eax
    mov     eax, [ebx + DATE_YEAR]
    sub     eax, 2000
    lea     edx, [eax + 3]              # leap days of the years before: 2000 was one, so is every fourth until 2100
    shr     edx, 2
    cmp     eax, 100
    jbe     1f
    dec     edx
1:  imul    eax, eax, 365
    add     eax, edx
    mov     ecx, [ebx + DATE_MONTH]
    movzx   edx, word ptr [days_before_month + ecx*2 - 2]
    add     eax, edx
    cmp     ecx, 3
    jb      2f
    push    eax
    mov     eax, [ebx + DATE_YEAR]
    call    date_is_leap
    pop     eax
    jnz     2f
    inc     eax
2:  add     eax, [ebx + DATE_DAY]
    dec     eax
    imul    eax, eax, 24
    add     eax, [ebx + DATE_HOUR]
    imul    eax, eax, 60
    add     eax, [ebx + DATE_MINUTE]
    imul    eax, eax, 60
    add     eax, [ebx + DATE_SECOND]
    pop     ebx
    ret

# Whether a year is a leap year.
# In: EAX year, 2000 to DATE_YEAR_MOST.
# Out: ZF set when it is a leap year.
# Clobbers: EAX only.
date_is_leap:
    cmp     eax, 2100
    je      1f
    test    al, 3
    ret
1:  test    eax, eax
    ret

# Fills in a date, weekday included.
# In: EAX seconds since 2000-01-01 00:00:00, EDX date to fill.
.global date_from_seconds
date_from_seconds:
    push    ebx
    push    esi
    mov     ebx, edx
    mov     ecx, 60
    xor     edx, edx
    div     ecx
    mov     [ebx + DATE_SECOND], edx
    xor     edx, edx
    div     ecx
    mov     [ebx + DATE_MINUTE], edx
    mov     ecx, 24
    xor     edx, edx
    div     ecx
    mov     [ebx + DATE_HOUR], edx
    mov     esi, eax                    # days since 2000-01-01, a Saturday
    add     eax, 5
    mov     ecx, 7
    xor     edx, edx
    div     ecx
    mov     [ebx + DATE_WEEKDAY], edx
    mov     ecx, 2000
.Ldate_from_seconds_year:
    mov     eax, ecx
    call    date_is_leap
    mov     edx, 365
    jnz     .Ldate_from_seconds_common
    inc     edx
.Ldate_from_seconds_common:
    cmp     esi, edx
    jb      .Ldate_from_seconds_month_of_year
    sub     esi, edx
    inc     ecx
    jmp     .Ldate_from_seconds_year
.Ldate_from_seconds_month_of_year:
    mov     [ebx + DATE_YEAR], ecx
    cmp     edx, 366                    # the table is of a common year: let day 60 of a leap year be February 29
    jne     .Ldate_from_seconds_common_year
    cmp     esi, 59
    jb      .Ldate_from_seconds_common_year
    jne     .Ldate_from_seconds_after_leap_day
    mov     dword ptr [ebx + DATE_MONTH], 2
    mov     dword ptr [ebx + DATE_DAY], 29
    jmp     .Ldate_from_seconds_done
.Ldate_from_seconds_after_leap_day:
    dec     esi
.Ldate_from_seconds_common_year:
    mov     ecx, 12
.Ldate_from_seconds_month:
    movzx   eax, word ptr [days_before_month + ecx*2 - 2]
    cmp     esi, eax
    jae     .Ldate_from_seconds_month_found
    dec     ecx
    jmp     .Ldate_from_seconds_month
.Ldate_from_seconds_month_found:
    mov     [ebx + DATE_MONTH], ecx
    sub     esi, eax
    inc     esi
    mov     [ebx + DATE_DAY], esi
.Ldate_from_seconds_done:
    pop     esi
    pop     ebx
    ret

.section .rodata
.balign 2
days_before_month:
    .word   0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
