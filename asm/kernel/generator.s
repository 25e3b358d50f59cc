# The generator of secrets: session numbers, keys. Its state is 256 bits; all that the machine offers is stirred into it
# with SHA-256, before each output and after it, so that who learns it later learns nothing of what came before, and a
# machine that goes on from one moment twice, as from a snapshot, draws other numbers.
#
# What it is made of: the time stamp counter and the PIT at moments that no one else sees exactly, when frames and keys
# came and what they were, RDRAND where the processor has it, the machine's generation (asm/kernel/generation.s), the
# real-time clock, the cards' MAC addresses, and what a node kept from its last boot (asm/cluster/node.s). On an
# emulator with virtual time all of that repeats with the run, as it has to; there the key and the kept seed are what a
# stranger does not know.

.include "macros.inc"
.include "cpu.inc"
.include "crypto.inc"
.include "tasks.inc"
.include "generation.inc"

FEATURE_RDRAND          = 1 << 30       # CPUID 1, ECX (SDM volume 1, 7.3.17)
RDRAND_WORDS            = 4
RDRAND_TRIES            = 10

# What is stirred in each time.
SAMPLE_TSC              = 0             # u64
SAMPLE_US               = 8             # u32   clock_us
SAMPLE_COUNT            = 12            # u32   how many there were
SAMPLE_ARRIVALS         = 16            # 2 words: generator_arrivals
SAMPLE_GENERATION       = 24            # GENERATION_BYTES
SAMPLE_RDRAND           = 40            # RDRAND_WORDS words, as far as the processor has them
SAMPLE_SIZE             = SAMPLE_RDRAND + RDRAND_WORDS * 4

.bss
.balign 4
.global generator_state
generator_state:        .space SHA256_BYTES
generator_count:        .space 4        # samples so far
generator_arrivals:     .space 8        # of what came from outside, and when
generator_started:      .space 4        # 1: what the machine offers is among them
generator_mutex:        .space MUTEX_SIZE   # held from one state to the next, so that no two get the same bytes

# In: EAX 0, or what it gave last. Out: EAX the next, EDX its bytes, ECX how many; CF after the last.
HOOK generator_seeds, hook_none

.text

# Notes that something came from outside: when that was goes into all that is drawn later. Callable from an interrupt
# handler.
# In: EAX a word of it.
# Clobbers: ECX, EDX.
.global generator_arrived
generator_arrived:
    push    eax
    call    task_time
    pop     ecx
    xor     ecx, eax
    rol     dword ptr [generator_arrivals], 7
    xor     [generator_arrivals], ecx
    rol     dword ptr [generator_arrivals + 4], 13
    mov     ecx, [generator_arrivals]
    add     [generator_arrivals + 4], ecx
    ret

# Stirs bytes into the generator, and the moment at which that happens. May sleep.
# In: EAX bytes, EDX how many.
.global generator_stir
generator_stir:
    push    eax
    push    edx
    mov     eax, offset generator_mutex
    call    mutex_lock
    pop     edx
    pop     eax
    call    generator_next
    mov     eax, offset generator_mutex
    jmp     mutex_unlock

# The same, for who holds the generator's mutex.
generator_next:
    push    ebx
    push    esi
    sub     esp, SHA256_SIZE + SAMPLE_SIZE
    mov     ebx, eax
    mov     esi, edx
    mov     eax, esp
    call    sha256_begin
    mov     eax, esp
    mov     edx, offset generator_state
    mov     ecx, SHA256_BYTES
    call    sha256_add
    mov     eax, esp
    mov     edx, ebx
    mov     ecx, esi
    call    sha256_add
    call    task_time
    mov     [esp + SHA256_SIZE + SAMPLE_TSC], eax
    mov     [esp + SHA256_SIZE + SAMPLE_TSC + 4], edx
    call    clock_us
    mov     [esp + SHA256_SIZE + SAMPLE_US], eax
    inc     dword ptr [generator_count]
    mov     eax, [generator_count]
    mov     [esp + SHA256_SIZE + SAMPLE_COUNT], eax
    lea     eax, [esp + SHA256_SIZE + SAMPLE_ARRIVALS]
    mov     edx, offset generator_arrivals
    mov     ecx, 8
    call    mem_copy
    lea     eax, [esp + SHA256_SIZE + SAMPLE_GENERATION]
    mov     edx, offset generation
    mov     ecx, GENERATION_BYTES
    call    mem_copy
    lea     eax, [esp + SHA256_SIZE + SAMPLE_RDRAND]
    call    rdrand_words
    mov     eax, esp
    lea     edx, [esp + SHA256_SIZE]
    mov     ecx, SAMPLE_SIZE
    call    sha256_add
    mov     eax, esp
    mov     edx, offset generator_state
    call    sha256_end
    add     esp, SHA256_SIZE + SAMPLE_SIZE
    pop     esi
    pop     ebx
    ret

# Stirs in what the machine offers, at the first use. The mutex is held.
generator_start:
    cmp     dword ptr [generator_started], 0
    jne     9f
    mov     dword ptr [generator_started], 1
    push    ebx
    push    esi
    sub     esp, 4
    call    clock_seconds
    mov     [esp], eax
    mov     eax, esp
    mov     edx, 4
    call    generator_next
    xor     eax, eax
1:  call    [generator_seeds]
    jc      2f
    mov     esi, eax
    mov     eax, edx
    mov     edx, ecx
    call    generator_next
    mov     eax, esi
    jmp     1b
2:  add     esp, 4
    pop     esi
    pop     ebx
9:  ret

# Draws words from the processor, as far as it has them.
# In: EAX where they go, RDRAND_WORDS.
rdrand_words:
    push    ebx
    push    edi
    mov     edi, eax
    mov     eax, 1
    cpuid
    mov     ebx, RDRAND_WORDS
    test    ecx, FEATURE_RDRAND
    jz      9f
1:  mov     ecx, RDRAND_TRIES
2:  rdrand  eax
    jc      3f
    dec     ecx
    jnz     2b
    jmp     9f                          # it has nothing to give now
3:  stosd
    dec     ebx
    jnz     1b
9:  pop     edi
    pop     ebx
    ret

# Fills a buffer with bytes that nobody can foretell who does not know the state. May sleep.
# In: EAX buffer, EDX bytes.
.global generator_fill
generator_fill:
    push    ebx
    push    esi
    push    edi
    sub     esp, SHA256_BYTES
    mov     edi, eax
    mov     ebx, edx
    mov     eax, offset generator_mutex
    call    mutex_lock
    call    generator_start
    call    generation_look
    LOAD_STRING eax, "in"               # what was drawn from this state before is not drawn again
    mov     edx, 2
    call    generator_next
.Lgenerator_fill_next:
    test    ebx, ebx
    jz      .Lgenerator_fill_done
    LOAD_STRING eax, "out"              # two digests that go on from one state: one goes out, one stays
    mov     edx, esp
    call    generator_derive
    mov     esi, esp
    mov     ecx, SHA256_BYTES
    cmp     ecx, ebx
    jbe     .Lgenerator_fill_copy
    mov     ecx, ebx
.Lgenerator_fill_copy:
    sub     ebx, ecx
    rep movsb
    LOAD_STRING eax, "on"
    mov     edx, 2
    call    generator_next
    jmp     .Lgenerator_fill_next
.Lgenerator_fill_done:
    mov     eax, offset generator_mutex
    call    mutex_unlock
    mov     edi, esp
    xor     eax, eax
    mov     ecx, SHA256_BYTES / 4
    rep stosd
    add     esp, SHA256_BYTES
    pop     edi
    pop     esi
    pop     ebx
    ret

# A digest of the state and a word of three letters.
# In: EAX the word, EDX where the digest goes.
generator_derive:
    push    ebx
    push    esi
    sub     esp, SHA256_SIZE
    mov     ebx, eax
    mov     esi, edx
    mov     eax, esp
    call    sha256_begin
    mov     eax, esp
    mov     edx, offset generator_state
    mov     ecx, SHA256_BYTES
    call    sha256_add
    mov     eax, esp
    mov     edx, ebx
    mov     ecx, 3
    call    sha256_add
    mov     eax, esp
    mov     edx, esi
    call    sha256_end
    add     esp, SHA256_SIZE
    pop     esi
    pop     ebx
    ret
