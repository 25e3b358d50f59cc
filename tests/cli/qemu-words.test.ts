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
  [
    "-device ide-cd,bus=a.1,drive=c -device ahci,id=a -drive if=none,id=d,file=x.img,format=raw -drive id=c,file=y.iso,if=none,media=cdrom -device ide-hd,drive=d,bus=a.0",
    "--drive file=y.iso,media=cdrom,if=ahci,index=1 --drive file=x.img,format=raw,if=ahci,index=0",
  ],
  [
    "-device ich9-ahci,id=s -device ide-cd,bus=s.5 -drive file=z.img,if=virtio",
    "--drive media=cdrom,if=ahci,index=5 --drive file=z.img,if=virtio",
  ],
  [
    "-drive if=none,id=d,file=x.img -device virtio-blk-pci,drive=d -drive if=none,id=e,file=e.img -device ide-hd,drive=e",
    "--drive file=x.img,if=virtio --drive file=e.img",
  ],
  ["-machine pc-i440fx-7.2,hpet=off,accel=tcg -M pc", "--no-hpet"],
  ["-serial file:a -serial null -parallel file:b", "--serial file:a --serial null --parallel file:b"],
  ["-nographic -bios bios.bin", "--serial stdio --firmware bios.bin"],
  [
    "-device AC97,audiodev=a -audiodev wav,id=a,path=x.wav",
    "--sound x.wav,frequency=44100,channels=2,format=s16,card=AC97",
  ],
  [
    "-audiodev driver=wav,path=a,,b.wav,out.frequency=8000,out.channels=1,timer-period=5000,id=w -device sb16,audiodev=w,irq=7,iobase=0x240 -audiodev none,id=n -device AC97,audiodev=n",
    "--sound a,b.wav,frequency=8000,channels=1,format=s16,card=sb16,iobase=0x240,irq=7 --sound none,card=AC97",
  ],
  ["-audiodev none,id=audio1 -device AC97", "--sound none,card=AC97"],
  ["-device sb16 -m 64", "--sound none,card=sb16 --memory 64M"],
  ["-audio wav,model=ac97,path=y.wav", "--sound y.wav,frequency=44100,channels=2,format=s16,card=AC97"],
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

test.each([
  ["-device ide-hd,drive=d,bus=a.0", "there is no -drive if=none,id=d"],
  ["-drive if=none,file=x.img", "a drive with if=none needs id=NAME"],
  ["-device ahci,id=a -device ide-cd,bus=b.0", "bus is a port of -device ahci,id=NAME, NAME.0 to NAME.5"],
  ["-audiodev pa,id=a -device AC97,audiodev=a", "there is no backend pa: wav,path=FILE writes sound to a file"],
  ["-audiodev wav,id=a -device AC97,audiodev=a", "-audiodev wav,id=a: path=FILE is missing"],
  ["-audiodev wav,id=a,path=x.wav", "no sound card uses it: add -device AC97,audiodev=a"],
  ["-device AC97,audiodev=a", "there is no -audiodev wav,id=a,path=FILE"],
  ["-audiodev wav,id=a,path=x,speed=3 -device AC97", "speed is no property that is known here"],
  ["-audio wav,model=hda,path=x.wav", "model is ac97 or sb16"],
  ["-device ahci,id=a -device ahci,id=b", "a machine has one AHCI adapter"],
])("%s", (given, reason) => {
  expect(() => rewriteQemuWords(given.split(" "))).toThrow(reason);
});

test("a device that is neither a network card nor a drive is said", () => {
  expect(() => rewriteQemuWords(["-device", "usb-ehci,id=x"])).toThrow(
    "-device usb-ehci: of devices, only network cards (e1000, rtl8139, virtio, ne2k_pci, pcnet), sound cards (AC97, sb16) and drives are chosen so",
  );
});
