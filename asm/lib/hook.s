# What stands in a hook (HOOK of macros.inc) that nobody has filled, where nothing else is to be done.

.include "macros.inc"

.text

# Nothing is to be done.
# Out: CF clear.
# Clobbers: nothing but the flags.
.global hook_quiet
hook_quiet:
    clc
    ret

# There is nothing of the kind.
# Out: CF.
# Clobbers: nothing but the flags.
.global hook_none
hook_none:
    stc
    ret
