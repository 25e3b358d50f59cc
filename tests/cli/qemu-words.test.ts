/** QEMU's words on the command line of `qure emu`. */
import { expect, test } from "vitest";
import { rewriteQemuWords } from "../../src/cli/emu/qemu-words.ts";

test.each([
  ["-cdrom x.iso -m 64 -no-reboot -no-hpet", "--cdrom x.iso --memory 64M --no-reboot --no-hpet"],
  ["-m 1G -m size=128 -m 33554432", "--memory 1G --memory 128M --memory 33554432"],
  ["-hda a.img -hdb b.img -hdd d.img", "--hda a.img --drive file=b.img,index=1 --drive file=d.img,index=3"],
  ["-fda f.img -boot order=ac", "--fda f.img --boot ac"],
  ["-kernel vmlinuz -initrd root -append quiet", "--kernel vmlinuz --initrd root --append quiet"],
  ["-serial stdio -s -S", "--serial stdio --gdb 1234 -S"],
  ["-gdb tcp::9000 -snapshot", "--gdb 9000"],
  ["-smp 2", "--cpus 2"],
  ["-smp cpus=4,cores=2 -cpu pentium", "--cpus 4 --cpu pentium"],
  ["-device ne2k_pci,netdev=n", "--nic ne2k_pci"],
  ["-device pcnet,netdev=n,romfile=x.rom -boot n", "--nic pcnet --romfile x.rom --boot n"],
  ["-device virtio-net-pci", "--nic virtio"],
  ["-machine pc-i440fx-7.2,hpet=off,accel=tcg -M pc", "--no-hpet"],
  ["-serial file:a -serial null -parallel file:b", "--serial file:a --serial null --parallel file:b"],
  ["-nographic -bios bios.bin", "--serial stdio --firmware bios.bin"],
  ["-n 3 --cdrom x.iso -d int -n3", "-n 3 --cdrom x.iso -d int -n3"],
])("%s", (given, expected) => {
  expect(rewriteQemuWords(given.split(" ")).join(" ")).toBe(expected);
});

test("a word without a counterpart is said", () => {
  expect(() => rewriteQemuWords(["-accel", "tcg"])).toThrow("-accel: this word of QEMU's has no counterpart");
});

test("a machine that is none of ours is said", () => {
  expect(() => rewriteQemuWords(["-machine", "q35"])).toThrow(
    "-machine q35: expected pc, perhaps with hpet=on, hpet=off, accel=tcg",
  );
});

test("a device that is no network card is said", () => {
  expect(() => rewriteQemuWords(["-device", "usb-ehci,id=x"])).toThrow(
    "-device usb-ehci: of devices, only network cards are chosen so: e1000, rtl8139, virtio, ne2k_pci, pcnet",
  );
});
