# Error codes as sentences.

.include "macros.inc"
.include "errors.inc"

.text

# Says an error in words.
# In: EAX code of errors.inc.
# Out: EAX its text (never fails: there is one for codes it does not know).
# Clobbers: EAX only.
.global error_text
error_text:
    cmp     eax, ERROR_COUNT
    jb      1f
    mov     eax, ERROR_COUNT
1:  mov     eax, [error_texts + eax*4]
    ret

.macro ERROR_TEXT text:req
    .pushsection .rodata.str, "a", @progbits
.Lerror\@: .asciz "\text"
    .popsection
    .long   .Lerror\@
.endm

.section .rodata
.balign 4
error_texts:                            # in the order of errors.inc
    ERROR_TEXT "no error"
    ERROR_TEXT "out of memory"
    ERROR_TEXT "not found"
    ERROR_TEXT "exists already"
    ERROR_TEXT "invalid argument"
    ERROR_TEXT "timed out"
    ERROR_TEXT "device error"
    ERROR_TEXT "in use"
    ERROR_TEXT "no such device"
    ERROR_TEXT "no medium in the drive"
    ERROR_TEXT "not mounted"
    ERROR_TEXT "something is mounted there already"
    ERROR_TEXT "no space left"
    ERROR_TEXT "data is damaged or of another format"
    ERROR_TEXT "not supported"
    ERROR_TEXT "read only"
    ERROR_TEXT "not permitted"
    ERROR_TEXT "out of range"
    ERROR_TEXT "too long"
    ERROR_TEXT "table is full"
    ERROR_TEXT "not a directory"
    ERROR_TEXT "is a directory"
    ERROR_TEXT "wrong class"
    ERROR_TEXT "no partition table"
    ERROR_TEXT "aborted"
    ERROR_TEXT "no route to this address"
    ERROR_TEXT "host does not answer"
    ERROR_TEXT "link is down"
    ERROR_TEXT "port is in use"
    ERROR_TEXT "what it used was taken away"
    ERROR_TEXT "directory is not empty"
    ERROR_TEXT "of a newer version than this system knows"
    ERROR_TEXT "only an older state is there"
    ERROR_TEXT "an address is not the program's"
    ERROR_TEXT "no such handle is open"
    ERROR_TEXT "not a program for this system"
    ERROR_TEXT "nobody reads the pipe"
    ERROR_TEXT "connection refused"
    ERROR_TEXT "connection reset by the other side"
    ERROR_TEXT "not connected"
    ERROR_TEXT "connected already"
    ERROR_TEXT "connection is being made"
    ERROR_TEXT "connection is closed for sending"
    ERROR_TEXT "the name server does not say"
    ERROR_TEXT "blank: mkfs makes a file system"
    ERROR_TEXT "its files moved to another machine, or have not all come here; mount --accept-older takes what there is"
.if (. - error_texts) - ERROR_COUNT*4
.error "error_texts and errors.inc differ"
.endif
    ERROR_TEXT "unknown error"
