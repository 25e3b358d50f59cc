# Prints what the disassembler says of samples of code, which the test has put beside this source: SAMPLE_BYTES for
# each.

.include "macros.inc"
.include "instruction.inc"

SAMPLE_BYTES        = 24

.text

# Shell command.
# Out: EAX status 0.
command_samples:
    push    ebx
    push    esi
    FRAME   INSTRUCTION_TEXT_BYTES
    mov     esi, offset samples
    PRINTF  "samples at %08x\n", esi
1:  mov     eax, esi
    call    instruction_decode
    mov     ebx, eax
    jc      2f
    lea     edx, [ebp - INSTRUCTION_TEXT_BYTES]
    call    instruction_text
    lea     edx, [ebp - INSTRUCTION_TEXT_BYTES]
    PRINTF  "%u %s\n", [ebx+DECODED_LENGTH], edx
    jmp     3f
2:  PRINT   "1 (bad)\n"
3:  add     esi, SAMPLE_BYTES
    cmp     esi, offset samples_end
    jb      1b
    ENDFRAME
    pop     esi
    pop     ebx
    xor     eax, eax
    ret

SHELL_COMMAND "samples", command_samples, "", "print what samples of code are"
