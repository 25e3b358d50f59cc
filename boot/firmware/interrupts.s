# Interrupt controllers and the requests that no other file handles.

.include "firmware.inc"

.intel_syntax noprefix
.code16

# 8259A command words. Master: vectors 08h-0Fh, slave on line 2: 70h-77h.
ICW1                    = 0x11          # edge triggered, cascaded, ICW4 follows
ICW4                    = 0x01          # 8086 mode
MASTER_VECTOR           = 0x08
SLAVE_VECTOR            = 0x70
MASTER_MASK             = 0xB8          # open: timer, keyboard, slave, diskettes
SLAVE_MASK              = 0x8E          # open: clock, mouse, coprocessor, first IDE channel
OCW3_READ_ISR           = 0x0B
COPROCESSOR_BUSY        = 0xF0          # a write clears the latch of FERR#

.text

# Sets up both interrupt controllers.
# Clobbers: AL, SI.
.global interrupt_controllers_init
interrupt_controllers_init:
    mov     al, ICW1
    out     PIC1_COMMAND, al
    out     PIC2_COMMAND, al
    mov     al, MASTER_VECTOR
    out     PIC1_DATA, al
    mov     al, SLAVE_VECTOR
    out     PIC2_DATA, al
    mov     al, 1 << 2                  # the line of the slave
    out     PIC1_DATA, al
    mov     al, 2
    out     PIC2_DATA, al
    mov     al, ICW4
    out     PIC1_DATA, al
    out     PIC2_DATA, al
    mov     al, MASTER_MASK
    out     PIC1_DATA, al
    mov     al, SLAVE_MASK
    out     PIC2_DATA, al
    ret

# Irq_unexpected, irq_unexpected2: end an interrupt of the master or slave that nobody wants. A spurious one is not in
# service and must not be ended, or it would end another.
.global irq_unexpected
irq_unexpected:
    push    ax
    mov     al, OCW3_READ_ISR
    out     PIC1_COMMAND, al
    in      al, PIC1_COMMAND
    test    al, al
    jz      1f
end_master:
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
1:  pop     ax
    iret

# An interrupt of the slave that nobody has taken, or a spurious one.
.global irq_unexpected2
irq_unexpected2:
    push    ax
    mov     al, OCW3_READ_ISR
    out     PIC2_COMMAND, al
    in      al, PIC2_COMMAND
    test    al, al
    jz      end_master                  # spurious in the slave is still real in the master
end_both:
    mov     al, PIC_EOI
    out     PIC2_COMMAND, al
    jmp     end_master

# IRQ 9 stands in for the PC's IRQ 2.
.global irq_redirected
irq_redirected:
    push    ax
    mov     al, PIC_EOI
    out     PIC2_COMMAND, al
    pop     ax
    int     0x0A                        # its handler ends the master's
    iret

# IRQ 13 becomes an NMI, as on the PC.
.global irq_coprocessor
irq_coprocessor:
    push    ax
    xor     al, al
    out     COPROCESSOR_BUSY, al
    mov     al, PIC_EOI
    out     PIC2_COMMAND, al
    out     PIC1_COMMAND, al
    pop     ax
    int     0x02
    iret

# IRQ 14 and 15. Our own requests poll with interrupts of the drive off; this is for others who wait for the flag.
.global irq_disk
irq_disk:
    push    ax
    push    dx
    push    ds
    mov     ax, BDA_SEGMENT
    mov     ds, ax
    mov     byte ptr [BDA_DISK_INTERRUPT], 0xFF
    pop     ds
    mov     dx, 0x1F7                   # reading the status takes the request back
    in      al, dx
    mov     dl, 0x77
    in      al, dx
    pop     dx
    jmp     end_both
