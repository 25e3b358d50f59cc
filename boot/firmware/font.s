.section .data
.global font
.balign 4
font:   .space 4096
