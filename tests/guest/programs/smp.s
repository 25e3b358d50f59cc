# A boot sector and 15 sectors more that try local APICs, I/O APIC and all processors of the machine, and say what came
# of it on the debug console (port E9h), the same on every PC. At the end they switch off by the debug exit (port F4h).
.intel_syntax noprefix
.code16

BASE            = 0x7C00
TRAMPOLINE      = 0x9000                # where other processors begin: a page below 1 MiB
SECTORS         = 15
CODE            = 0x08                  # selectors
DATA            = 0x10
IDT             = 0x10000
PAGES           = 0x11000               # a page directory and a table
ROUTINE         = 0x20000               # code that is written
WINDOW          = 0x400000              # a linear page that is mapped here and there
FIRST_FRAME     = 0x21000
SECOND_FRAME    = 0x22000
STACKS          = 0x80000               # they grow down from here, a page each
DEBUG           = 0xE9
EXIT            = 0xF4
APIC            = 0xFEE00000
IO_APIC         = 0xFEC00000
MSR_APIC_BASE   = 0x1B
SPURIOUS        = 0xFF
TIMER           = 0x40                  # vectors
PING            = 0x51
PONG            = 0x52
PIT             = 0x60
INVALIDATE      = 0x53
WAKE            = 0x54
ROUNDS          = 100
ADDITIONS       = 5000

.global _start
_start:
    cli
    cld
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, BASE
    mov     ax, 0x0200 + SECTORS
    mov     cx, 2
    xor     dh, dh
    mov     bx, BASE + 512
    int     0x13
    jc      .
    mov     al, 0xFF                    # the 8259As keep out of this
    out     0x21, al
    out     0xA1, al
    mov     al, 0x5F                    # CMOS: processors after the first
    out     0x70, al
    in      al, 0x71
    inc     al
    mov     [processors], al
    lgdt    [gdt_pointer]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    ljmp    CODE, offset boot_processor

gdt:
    .quad   0
    .quad   0x00CF9B000000FFFF
    .quad   0x00CF93000000FFFF
gdt_pointer:
    .word   gdt_pointer - gdt - 1
    .long   gdt
idt_pointer:
    .word   8 * 256 - 1
    .long   IDT

    .org    510
    .word   0xAA55

# ---------------------------------------------------------------- the first processor

.code32
boot_processor:
    mov     ax, DATA
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     esp, STACKS
    mov     edi, IDT
    xor     ecx, ecx
1:  mov     edx, offset unexpected
    call    set_gate
    inc     ecx
    cmp     ecx, 256
    jb      1b
.macro GATE vector, handler
    mov     ecx, \vector
    mov     edx, offset \handler
    call    set_gate
.endm
    GATE    TIMER, on_timer
    GATE    PING, on_ping
    GATE    PONG, on_pong
    GATE    PIT, on_pit
    GATE    INVALIDATE, on_invalidate
    GATE    WAKE, end_of_interrupt
    GATE    SPURIOUS, on_spurious
    lidt    [idt_pointer]

    mov     eax, 1
    cpuid
    bt      edx, 9
    setc    al
    movzx   eax, al
    mov     esi, offset text_feature
    call    say
    mov     ecx, MSR_APIC_BASE
    rdmsr
    mov     esi, offset text_base
    call    say
    call    apic_enable
    mov     eax, [APIC + 0x20]
    mov     esi, offset text_id
    call    say

    # The timer, once and again and again; HLT waits for it.
    mov     dword ptr [APIC + 0x3E0], 0x0B
    mov     dword ptr [APIC + 0x320], TIMER
    mov     dword ptr [APIC + 0x380], 100000
    call    wait_for_interrupt
    mov     eax, [APIC + 0x390]
    mov     esi, offset text_once
    call    say
    mov     dword ptr [APIC + 0x320], TIMER | 1 << 17
    mov     dword ptr [APIC + 0x380], 1000000
1:  call    wait_for_interrupt
    cmp     dword ptr [ticks], 4
    jb      1b
    mov     dword ptr [APIC + 0x380], 0
    mov     eax, [ticks]
    mov     esi, offset text_ticks
    call    say

    # IRQ 0 at input 2 of the I/O APIC.
    mov     eax, 0x11 + 2 * 2
    xor     edx, edx
    call    io_apic_write
    mov     eax, 0x10 + 2 * 2
    mov     edx, PIT
    call    io_apic_write
    mov     al, 0x30                    # channel 0, mode 0
    out     0x43, al
    mov     al, 0
    out     0x40, al
    mov     al, 0x10
    out     0x40, al
    call    wait_for_interrupt
    mov     eax, [pit_interrupts]
    mov     esi, offset text_pit
    call    say

    # All others start at once.
    movzx   eax, byte ptr [processors]
    mov     esi, offset text_processors
    call    say
    cmp     byte ptr [processors], 1
    je      alone
    mov     dword ptr [APIC + 0x300], 0x000C4500 # INIT to all others
    call    pause_a_while
    mov     dword ptr [APIC + 0x300], 0x000C4600 | TRAMPOLINE >> 12
    call    pause_a_while
    mov     dword ptr [APIC + 0x300], 0x000C4600 | TRAMPOLINE >> 12 # once more, as manuals have it: ignored
1:  pause
    mov     eax, [started]
    inc     eax
    cmp     al, [processors]
    jb      1b
    mov     esi, offset text_started
    call    say

    # A counter behind a lock, and one that LOCK alone guards.
    call    phase_next
    call    add_up
    call    phase_join
    mov     eax, [guarded]
    mov     esi, offset text_guarded
    call    say
    mov     eax, [locked]
    mov     esi, offset text_locked
    call    say

    # Two that write their own and read the other's: one of them at least sees the other's write.
    mov     dword ptr [round], ROUNDS
1:  mov     dword ptr [first_value], 0
    mov     dword ptr [second_value], 0
    call    phase_next
    mov     dword ptr [first_value], 1
    lock or dword ptr [esp], 0
    mov     eax, [second_value]
    mov     [first_saw], eax
    call    phase_join
    mov     eax, [first_saw]
    or      eax, [second_saw]
    jnz     2f
    inc     dword ptr [neither]
2:  dec     dword ptr [round]
    jnz     1b
    mov     eax, [neither]
    mov     esi, offset text_neither
    call    say

    # To and fro by interrupts, with each of the others.
    call    phase_next
    sti
    mov     ebx, 1
3:  mov     dword ptr [round], ROUNDS
4:  mov     edx, [pongs]
    mov     eax, ebx
    shl     eax, 24
    mov     [APIC + 0x310], eax
    mov     dword ptr [APIC + 0x300], 0x4000 | PING
5:  pause
    cmp     edx, [pongs]
    je      5b
    dec     dword ptr [round]
    jnz     4b
    inc     ebx
    cmp     bl, [processors]
    jb      3b
    cli
    mov     eax, [pongs]
    mov     esi, offset text_pongs
    call    say
    mov     byte ptr [is_over], 1
    call    phase_join
    mov     byte ptr [is_over], 0

    # Code that another one runs is written anew in each round.
    mov     byte ptr [ROUTINE], 0xB8    # mov eax, imm32; ret
    mov     byte ptr [ROUTINE + 5], 0xC3
    mov     dword ptr [round], ROUNDS
6:  mov     eax, [round]
    mov     [ROUTINE + 1], eax
    call    phase_next
    call    run_routine
    call    phase_join
    dec     dword ptr [round]
    jnz     6b
    mov     eax, [routine_sum]
    mov     esi, offset text_code
    call    say

    # A page that moves: who has translated it hears of that by an interrupt.
    mov     edi, PAGES
    mov     ecx, 2048
    xor     eax, eax
    rep stosd
    mov     dword ptr [PAGES], 0x83     # 4 MiB, as they are
    mov     dword ptr [PAGES + 4], (PAGES + 0x1000) | 3
    mov     dword ptr [PAGES + 0xFEC], 0xFEC00093 # both kinds of APIC
    mov     dword ptr [FIRST_FRAME], 1
    mov     dword ptr [SECOND_FRAME], 2
    mov     dword ptr [PAGES + 0x1000], FIRST_FRAME | 3
    call    phase_next
    call    paging_on
    mov     eax, [WINDOW]
    lock add [window_sum], eax
    call    phase_join
    mov     dword ptr [PAGES + 0x1000], SECOND_FRAME | 3
    invlpg  [WINDOW]
    mov     dword ptr [APIC + 0x300], 0x000C4000 | INVALIDATE
    call    phase_next
    mov     eax, [WINDOW]
    lock add [window_sum], eax
    call    phase_join
    mov     eax, [window_sum]
    mov     esi, offset text_window
    call    say

    call    phase_next
    call    phase_join
    mov     eax, [halts]
    mov     esi, offset text_halts
    call    say
alone:
    mov     esi, offset text_done
    call    puts
    xor     eax, eax
    out     EXIT, al
    cli
1:  hlt
    jmp     1b

# ---------------------------------------------------------------- the others

other_processor:
    mov     ax, DATA
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    lidt    [idt_pointer]
    mov     eax, [APIC + 0x20]          # its stack, by its number
    shr     eax, 24
    mov     ebx, eax
    shl     eax, 12
    mov     esp, STACKS
    sub     esp, eax
    call    apic_enable
    xor     ebp, ebp                    # phases that it has seen
    lock inc dword ptr [started]

    call    phase_wait
    call    add_up
    call    phase_done
    mov     ecx, ROUNDS
1:  call    phase_wait
    cmp     ebx, 1
    jne     2f
    mov     dword ptr [second_value], 1
    lock or dword ptr [esp], 0
    mov     eax, [first_value]
    mov     [second_saw], eax
2:  call    phase_done
    loop    1b

    call    phase_wait
3:  sti
    hlt                                 # until there is a ping, or the end
    cli
    cmp     byte ptr [is_over], 0
    je      3b
    call    phase_done

    mov     ecx, ROUNDS
4:  call    phase_wait
    call    run_routine
    call    phase_done
    loop    4b

    call    phase_wait
    call    paging_on
    mov     eax, [WINDOW]
    lock add [window_sum], eax
    call    phase_done
    sti
5:  pause
    cmp     byte ptr [is_over], 0
    je      5b
    cli
    call    phase_wait
    mov     eax, [WINDOW]
    lock add [window_sum], eax
    call    phase_done

    call    phase_wait
    lock inc dword ptr [halts]
    call    phase_done
    cli
6:  hlt
    jmp     6b

# Every other processor runs the phase that begins now.
phase_next:
    mov     dword ptr [finished], 1
    lock inc dword ptr [phase]
    ret

# Waits until all others are done with the phase.
phase_join:
    # The pings' phase ends when each has been woken once more.
    cmp     byte ptr [is_over], 1
    jne     1f
    mov     dword ptr [APIC + 0x300], 0x000C4000 | WAKE
1:  pause
    mov     eax, [finished]
    cmp     al, [processors]
    jb      1b
    ret

# In: EBP phases seen.
phase_wait:
    pause
    cmp     ebp, [phase]
    je      phase_wait
    inc     ebp
    ret

phase_done:
    lock inc dword ptr [finished]
    ret

# Adds to both counters.
# Clobbers: EAX, ECX.
add_up:
    push    ecx
    mov     ecx, ADDITIONS
1:  mov     eax, 1
2:  xchg    eax, [lock_word]
    test    eax, eax
    jz      4f
3:  pause
    cmp     dword ptr [lock_word], 0
    jne     3b
    mov     eax, 1
    jmp     2b
4:  mov     eax, [guarded]
    inc     eax
    mov     [guarded], eax
    mov     dword ptr [lock_word], 0
    lock inc dword ptr [locked]
    dec     ecx
    jnz     1b
    pop     ecx
    ret

run_routine:
    mov     eax, ROUTINE
    call    eax
    lock add [routine_sum], eax
    ret

paging_on:
    mov     eax, PAGES
    mov     cr3, eax
    mov     eax, cr4
    or      al, 0x10                    # pages of 4 MiB
    mov     cr4, eax
    mov     eax, cr0
    or      eax, 0x80000000
    mov     cr0, eax
    jmp     1f
1:  ret

# ---------------------------------------------------------------- interrupts

on_timer:
    inc     dword ptr [ticks]
    jmp     end_of_interrupt
on_pit:
    inc     dword ptr [pit_interrupts]
    jmp     end_of_interrupt
on_ping:
    push    eax
    mov     dword ptr [APIC + 0x310], 0
    mov     dword ptr [APIC + 0x300], 0x4000 | PONG
    pop     eax
    jmp     end_of_interrupt
on_pong:
    inc     dword ptr [pongs]
    jmp     end_of_interrupt
on_invalidate:
    invlpg  [WINDOW]
    mov     byte ptr [is_over], 2
end_of_interrupt:
    mov     dword ptr [APIC + 0xB0], 0
    iret
on_spurious:
    iret
unexpected:
    mov     esi, offset text_unexpected
    call    puts
    mov     al, 1
    out     EXIT, al
    cli
1:  hlt
    jmp     1b

# In: ECX vector, EDX handler.
# Clobbers: EAX.
set_gate:
    movzx   eax, dx
    or      eax, CODE << 16
    mov     [IDT + 8 * ecx], eax
    mov     eax, edx
    mov     ax, 0x8E00
    mov     [IDT + 8 * ecx + 4], eax
    ret

# ---------------------------------------------------------------- small things

apic_enable:
    mov     dword ptr [APIC + 0xF0], 0x100 | SPURIOUS
    mov     dword ptr [APIC + 0x350], 0x10000
    ret

# In: EAX register, EDX value.
io_apic_write:
    mov     [IO_APIC], eax
    mov     [IO_APIC + 0x10], edx
    ret

wait_for_interrupt:
    sti
    hlt
    cli
    ret

# Long enough for a processor to be initialised.
pause_a_while:
    mov     ecx, 20000
1:  in      al, 0x80
    loop    1b
    ret

# Writes a text, EAX in hexadecimal, and the end of the line.
# In: ESI text, EAX number.
# Clobbers: EAX, ECX, ESI.
say:
    push    eax
    call    puts
    mov     ecx, 8
1:  rol     dword ptr [esp], 4
    mov     al, [esp]
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
    out     DEBUG, al
    loop    1b
    mov     al, 10
    out     DEBUG, al
    pop     eax
    ret

puts:
    lodsb
    test    al, al
    jz      1f
    out     DEBUG, al
    jmp     puts
1:  ret

text_feature:       .asciz "APIC feature "
text_base:          .asciz "APIC base "
text_id:            .asciz "APIC id "
text_once:          .asciz "count left "
text_ticks:         .asciz "ticks "
text_pit:           .asciz "PIT interrupts "
text_processors:    .asciz "processors "
text_started:       .asciz "started "
text_guarded:       .asciz "guarded by a lock "
text_locked:        .asciz "guarded by LOCK "
text_neither:       .asciz "saw neither "
text_pongs:         .asciz "pongs "
text_code:          .asciz "sum of written code "
text_window:        .asciz "sum of the moving page "
text_halts:         .asciz "came to the end "
text_done:          .asciz "done\n"
text_unexpected:    .asciz "an unexpected interrupt\n"

.balign 4
processors:         .long 1
started:            .long 0
phase:              .long 0
finished:           .long 0
ticks:              .long 0
pit_interrupts:     .long 0
pongs:              .long 0
round:              .long 0
lock_word:          .long 0
guarded:            .long 0
locked:             .long 0
first_value:        .long 0
second_value:       .long 0
first_saw:          .long 0
second_saw:         .long 0
neither:            .long 0
routine_sum:        .long 0
window_sum:         .long 0
halts:              .long 0
is_over:            .long 0

# ---------------------------------------------------------------- where the others begin, in real mode

    .org    TRAMPOLINE - BASE
.code16
    cli
    xor     ax, ax
    mov     ds, ax
    lgdt    [gdt_pointer]
    mov     eax, cr0
    and     eax, 0x9FFFFFFF             # caches on, as the first processor's firmware did
    or      al, 1
    mov     cr0, eax
    ljmp    CODE, offset other_processor

    .org    512 * (SECTORS + 1)
