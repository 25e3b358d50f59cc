# A kernel on trial that stands still with interrupts off: nothing but a non-maskable interrupt gets through. The I/O
# APIC makes one of each tick of the PIT, where there is one at its usual place (Intel 82093AA data sheet;
# MultiProcessor Specification 1.4, 3.6.5: input 2). After some seconds without interrupts on the machine restarts.

.include "macros.inc"
.include "cpu.inc"
.include "slots.inc"

IO_APIC             = 0xFEC00000
IO_APIC_DATA        = 0x10                  # the register whose number was written at 0
IO_APIC_VERSION     = 1                     # register: version, and in bits 16 to 23 the number of the last input
IO_APIC_TIMER       = 0x10 + 2 * 2          # register: lower half of the entry of input 2; the upper half follows
DELIVER_NMI         = 4 << 8                # edge, active high, physical destination
ENTRY_MASKED        = 1 << 16
LOCAL_APIC_ID       = 0xFEE00020            # bits 24 to 31
CPUID_APIC          = 1 << 9                # CPUID.1:EDX
STALL_TICKS         = 500                   # 5 s

.text

# Begins to watch. Without an I/O APIC nothing happens. May sleep.
.global trial_watch
trial_watch:
    push    ebx
    mov     eax, 1
    cpuid
    test    edx, CPUID_APIC
    jz      1f
    mov     eax, LOCAL_APIC_ID
    mov     edx, 4
    call    physical_map
    jc      1f
    mov     ebx, [eax]
    mov     eax, IO_APIC
    mov     edx, IO_APIC_DATA + 4
    call    physical_map
    jc      1f
    mov     dword ptr [eax], IO_APIC_VERSION
    mov     edx, [eax + IO_APIC_DATA]
    shr     edx, 16
    sub     edx, 15                         # 16 to 240 inputs, and zeros above
    cmp     edx, 240 - 15
    jae     1f
    and     ebx, 0xFF000000
    mov     [trial_io_apic], eax
    mov     dword ptr [eax], IO_APIC_TIMER + 1
    mov     [eax + IO_APIC_DATA], ebx
    mov     dword ptr [eax], IO_APIC_TIMER
    mov     dword ptr [eax + IO_APIC_DATA], DELIVER_NMI
1:  pop     ebx
    ret

# Ends that, for good: before a panic is reported, and when the debugger begins. Interrupts are off.
# Clobbers: EAX only.
.global trial_watch_end
trial_watch_end:
    xor     eax, eax
    xchg    eax, [trial_io_apic]
    test    eax, eax
    jz      1f
    mov     dword ptr [eax], IO_APIC_TIMER
    mov     dword ptr [eax + IO_APIC_DATA], ENTRY_MASKED
1:  ret

# A non-maskable interrupt came. Segment registers may be a program's.
# In: EAX flags of what was interrupted.
# Out: CF when it is not of the watch.
# Clobbers: EAX only.
.global trial_tick
trial_tick:
    cmp     dword ptr ss:[trial_io_apic], 0
    je      2f
    test    eax, EFLAGS_IF
    jz      1f
    mov     dword ptr ss:[trial_stalls], 0
    ret                                     # CF is clear
1:  inc     dword ptr ss:[trial_stalls]
    cmp     dword ptr ss:[trial_stalls], STALL_TICKS
    cmc
    jnc     3f
    mov     eax, ss
    mov     ds, eax
    mov     es, eax
    mov     eax, SLOT_RESULT_HUNG
    call    trial_reason
    jmp     power_reset
2:  stc
3:  ret

.bss
.balign 4
trial_io_apic:      .space 4                # linear address, 0: nothing is watched
trial_stalls:       .space 4                # ticks in a row that found interrupts off
