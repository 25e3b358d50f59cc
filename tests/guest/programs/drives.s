# Drives for tests: link this object with those of asm/. `drivetest NAME SECTOR` writes and reads sectors from SECTOR on
# in all ways that the driver has (DMA, PIO, buffers at odd addresses and across 64 KiB), and compares. It says "same",
# or what differs.

.include "macros.inc"
.include "errors.inc"
.include "disk.inc"

TEST_SECTORS            = 300           # more than a command of any driver takes but virtio's
TEST_PAGES              = 48

SHELL_COMMAND "drivetest", command_drivetest, "NAME SECTOR", "write and read in all ways", GROUP_DEBUG
SHELL_COMMAND "identifytest", command_identifytest, "WORD WORDS", "what an ATA drive says of its sectors", GROUP_DEBUG

IDENTIFY_CAPABILITIES   = 98
IDENTIFY_SECTOR         = 212
IDENTIFY_SECTOR_WORDS   = 234

.bss
.balign 4
identified:             .skip DISK_SIZE_OF
identify_data:          .skip 512

.text

# Shell command: takes a drive into service whose IDENTIFY data have these words 106 and 117, and says if it is used.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_identifytest:
    push    ebx
    mov     ebx, edx
    mov     dword ptr [identified + DISK_KIND], DISK_NONE
    mov     dword ptr [identified + DISK_NAME], 0x006E7668 # "hvn"
    mov     byte ptr [identify_data + IDENTIFY_CAPABILITIES + 1], 2
    mov     eax, [ebx + 4]
    call    parse_number
    mov     [identify_data + IDENTIFY_SECTOR], ax
    mov     eax, [ebx + 8]
    call    parse_number
    mov     [identify_data + IDENTIFY_SECTOR_WORDS], eax
    mov     eax, offset identified
    mov     dword ptr [eax + DISK_CHANNEL], offset identify_data    # no bus master is offered
    mov     edx, offset identify_data
    call    ata_setup
    mov     eax, [identified + DISK_KIND]
    PRINTF  "kind %u\n", eax
    xor     eax, eax
    pop     ebx
    ret

# Shell command.
# In: EAX argc, EDX argv.
# Out: EAX status.
command_drivetest:
    FRAME   24
    push    ebx
    push    esi
    push    edi
    # Locals: -4 volume, -8 sector, -12 buffer that is written, -16 buffer that is read, -20 round, -24 flags
    mov     esi, edx
    mov     eax, [esi + 4]
    call    volume_find
    jc      .Lcommand_drivetest_failed
    mov     [ebp - 4], eax
    mov     eax, [eax + VOLUME_DISK]
    mov     eax, [eax + DISK_FLAGS]
    mov     [ebp - 24], eax
    mov     eax, [esi + 8]
    call    parse_number
    mov     [ebp - 8], eax
    mov     eax, TEST_PAGES
    call    page_alloc
    jc      .Lcommand_drivetest_failed
    mov     [ebp - 12], eax
    mov     eax, TEST_PAGES
    call    page_alloc
    jc      .Lcommand_drivetest_failed
    mov     [ebp - 16], eax
    mov     dword ptr [ebp - 20], 0
.Lcommand_drivetest_round:
    mov     edi, [ebp - 12]             # another sequence in each round
    mov     eax, [ebp - 20]
    add     eax, 12345
    mov     ecx, TEST_SECTORS * 512 / 4
1:  imul    eax, eax, 1664525
    add     eax, 1013904223
    stosd
    dec     ecx
    jnz     1b
    # Bit 0 of the round: PIO writes; bit 1: PIO reads; bit 2: what is read goes to an odd address.
    mov     edx, 1
    call    .Lcommand_drivetest_mode
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    mov     ecx, [ebp - 12]
    mov     esi, TEST_SECTORS
    call    volume_write
    jc      .Lcommand_drivetest_failed
    mov     edx, 2
    call    .Lcommand_drivetest_mode
    mov     edi, [ebp - 20]
    shr     edi, 2
    add     edi, [ebp - 16]
    mov     eax, [ebp - 4]
    mov     edx, [ebp - 8]
    mov     ecx, edi
    mov     esi, TEST_SECTORS
    call    volume_read
    jc      .Lcommand_drivetest_failed
    mov     eax, [ebp - 12]
    mov     edx, edi
    mov     ecx, TEST_SECTORS * 512
    call    mem_compare
    jne     .Lcommand_drivetest_differs
    inc     dword ptr [ebp - 20]
    cmp     dword ptr [ebp - 20], 8
    jb      .Lcommand_drivetest_round
    PRINT   "same\n"
    jmp     .Lcommand_drivetest_done
.Lcommand_drivetest_differs:
    PRINTF  "round %u differs\n", [ebp-20]
    jmp     .Lcommand_drivetest_done
.Lcommand_drivetest_failed:
    call    error_text
    PRINTF  "round %u: %s\n", [ebp-20], eax
.Lcommand_drivetest_done:
    mov     eax, [ebp - 4]
    mov     eax, [eax + VOLUME_DISK]
    mov     edx, [ebp - 24]
    mov     [eax + DISK_FLAGS], edx
    mov     eax, [ebp - 12]
    mov     edx, TEST_PAGES
    call    page_free
    mov     eax, [ebp - 16]
    mov     edx, TEST_PAGES
    call    page_free
    xor     eax, eax
    pop     edi
    pop     esi
    pop     ebx
    ENDFRAME
    ret

# Takes DMA away if the round has this bit, else gives it back.
# In: EDX bit.
.Lcommand_drivetest_mode:
    mov     eax, [ebp - 4]
    mov     eax, [eax + VOLUME_DISK]
    mov     ecx, [ebp - 24]
    test    [ebp - 20], edx
    jz      1f
    and     ecx, ~DISK_DMA
1:  mov     [eax + DISK_FLAGS], ecx
    ret
