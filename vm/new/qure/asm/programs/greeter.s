# Says once a minute that it is there: a service of one's own. build.json describes it, `service log greeter` shows what
# it has said.

.include "program.inc"

.text

# Never ends.
.global _start
_start:
    mov     eax, offset text
    call    put
    SYSTEM  sleep, 60000
    jmp     _start

.section .rodata
text:
    .asciz  "NAME is here\n"
