/** QEMU's words on the command line of `qure emu`. */
import { expect, test } from "vitest";
import { rewriteQemuWords } from "../../src/cli/emu/qemu-words.ts";

test.each([
  ["-cdrom x.iso -m 64 -no-reboot -no-hpet", "--cdrom x.iso --memory 64M --no-reboot --no-hpet"],
  ["-m 1G -m size=128 -m 33554432", "--memory 1G --memory 128M --memory 33554432"],
  ["-hda a.img -hdb b.img -hdd d.img", "--hda a.img --drive file=b.img,index=1 --drive file=d.img,index=3"],
  ["--hda a.img --hdb b.img --enable-kvm --m 64", "--hda a.img --drive file=b.img,index=1 --memory 64M"],
  ["--hda a.img --hdx b.img", "--hda a.img --hdx b.img"],
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
    "--drive file=x.img,if=virtio --hda e.img",
  ],
  ["-drive format=raw,file=x.img", "--hda x.img"],
  [
    "-drive file=fs.img,index=1,media=disk,format=raw -drive file=os.img,index=0,media=disk,format=raw -smp 2",
    "--drive file=fs.img,media=disk,format=raw,index=1 --hda os.img --cpus 2",
  ],
  [
    "-hda a.img -drive file=b.img,cache=none,snapshot=on -cdrom c.iso",
    "--hda a.img --drive file=b.img,index=1 --cdrom c.iso",
  ],
  ["-drive file=c.iso,media=cdrom -drive media=cdrom", "--cdrom c.iso --drive media=cdrom,index=3"],
  ["-drive if=ide,bus=1,unit=1,file=d.img", "--drive if=ide,file=d.img,index=3"],
  ["-drive if=floppy,index=1,file=b.img -drive file=a.img,format=raw,if=floppy", "--fdb b.img --fda a.img"],
  ["-drive if=none,id=d,file=x.img -device ide-hd,drive=d,bus=ide.1,unit=1", "--drive file=x.img,index=3"],
  ["x.img -m 64", "--image x.img --memory 64M"],
  ["-m 64 -cdrom c.iso x.img --symbols a.elf b.elf", "--memory 64M --cdrom c.iso --hda x.img --symbols a.elf b.elf"],
  ["-kernel k.elf -append x --for 2s", "--kernel k.elf --append x --for 2s"],
  ["-nographic -serial mon:stdio -monitor none", "--serial stdio"],
  ["-serial vc -serial none", "--serial null --serial null"],
  ["-chardev stdio,mux=on,id=c -serial chardev:c -mon chardev=c,mode=readline", "--serial stdio"],
  [
    "-mon chardev=q,mode=control -chardev socket,id=q,path=q.sock,server=on,wait=off -chardev file,id=f,path=f -serial chardev:f",
    "--qmp unix:q.sock,server,wait=off --serial file:f",
  ],
  [
    "-chardev socket,id=m,host=127.0.0.1,port=44,server,nowait -monitor chardev:m",
    "--monitor tcp:127.0.0.1:44,server,wait=off",
  ],
  ["-device isa-debug-exit,iobase=0xf4,iosize=0x04 -device VGA -display none", ""],
  ["-vga std -enable-kvm -accel kvm -accel tcg -name os -k en-us -no-shutdown -nodefaults -no-fd-bootchk", ""],
  ["-rtc base=localtime,clock=vm -machine accel=kvm:tcg,usb=off -curses -full-screen", "--rtc base=localtime,clock=vm"],
  ["-localtime", "--rtc localtime"],
  ["-D qemu.log -d cpu_reset,guest_errors", ""],
  ["-D qemu.log -d int,cpu_reset,in_asm,cpu", "-D qemu.log -d int,exec"],
  ["-boot menu=on -boot once=d,order=ca -boot dc,menu=off", "--boot d --boot dc"],
  ["-smp cores=2,threads=2,sockets=1 -cpu host", "--cpus 4 --cpu max"],
  ["-cpu qemu32,+sse2,-apic", "--cpu max"],
  ["-net none", "--no-gateway"],
  [
    "-net nic,model=rtl8139,vlan=0 -net user,hostfwd=tcp::80-:80",
    "--nic rtl8139 --netdev user,hostfwd=tcp::80-:80 --realtime",
  ],
  ["-nic user,model=virtio-net-pci,id=n", "--nic virtio --netdev user,id=n --realtime"],
  ["-netdev user,id=n -device e1000,netdev=n", "--netdev user,id=n --realtime --nic e1000"],
  ["-soundhw pcspk,sb16", "--sound none,card=sb16"],
  ["-machine pc-i440fx-7.2,hpet=off,accel=tcg -M pc", "--no-hpet"],
  ["-serial file:a -serial null -parallel file:b", "--serial file:a --serial null --parallel file:b"],
  ["-serial none -parallel none -debugcon vc", "--serial null --parallel null --debugcon null"],
  ["-global isa-debugcon.iobase=0x402 -debugcon mon:stdio", "--debugcon stdio"],
  [
    "-chardev file,id=d,path=log.txt -device isa-debugcon,iobase=0x402,chardev=d -chardev null,id=s -device isa-serial,chardev=s",
    "--debugcon file:log.txt --serial null",
  ],
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
  for (const word of ["-usb", "-no-acpi", "-nothing", "-mem-prealloc", "-L"])
    expect(() => rewriteQemuWords([word, "x"])).toThrow(`${word}: this word of QEMU's has no counterpart`);
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
  ["-device isa-debug-exit", "each machine has it, at iobase=0xf4 and nowhere else"],
  ["-drive if=floppy,file=x,index=2", "there are the diskette drives 0 and 1"],
  ["-hda a -hdb b -cdrom c -hdd d -drive file=e", "there is a drive at each position already"],
  ["-serial chardev:c", "there is no -chardev with id=c"],
  ["-chardev pty,id=c", "there are stdio, null, file and socket"],
  ["-vga cirrus", "the display adapter is QEMU's std, and no other"],
  ["-boot splash=x.bmp", "there are order, once, menu and strict"],
  ["-soundhw hda", "there are pcspk, ac97 and sb16"],
])("%s", (given, reason) => {
  expect(() => rewriteQemuWords(given.split(" "))).toThrow(reason);
});

test("a device that is neither a network card nor a drive is said", () => {
  expect(() => rewriteQemuWords(["-device", "usb-ehci,id=x"])).toThrow(
    "-device usb-ehci: of devices, only network cards (e1000, rtl8139, virtio, ne2k_pci, pcnet), sound cards (AC97, sb16) and drives are chosen so",
  );
});
