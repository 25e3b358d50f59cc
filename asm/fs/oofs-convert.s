# OOFS, volumes of version 1.

.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"

.text

# Converts a volume of version 1.
# Out: CF and EAX error.
.global oofs_convert
oofs_convert:
    mov     eax, ERROR_NOT_SUPPORTED
    stc
    ret
