# As tasks.s, and where faults within a new task find it: in front of its first instruction (SDM 3A 7.3). QEMU names the
# instruction that switched.
    .set SHOW_FAULTING_EIP, 1
    .include "tasks.s"
