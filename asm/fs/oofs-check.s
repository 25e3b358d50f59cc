.include "macros.inc"
.include "errors.inc"
.include "oofs.inc"
.text
# FS_CHECK.
# In: EAX mount.
# Out: EAX number of problems.
.global oofs_fsck
oofs_fsck:
    xor     eax, eax
    ret
