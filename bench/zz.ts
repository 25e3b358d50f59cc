import { guestImage, startGuest } from "./interpreter.ts";
const N = 100_000_000;
const cpu0 = (): number => { const u = process.cpuUsage(); return (u.user + u.system) / 1e6; };
for (const guest of process.argv.slice(2)) {
  const image = guestImage(guest, 0, N);
  const { cpu, board } = startGuest(image, "interpret" as never);
  while (!board.output.includes("S\n")) cpu.run(cpu.retired + 1_000_000_000);
  const r = cpu.retired, t = cpu0(); let rr = 0, tt = 0;
  while (!board.output.includes("E ") && cpu.retired - r < N) { cpu.run(cpu.retired + 5_000_000); if (rr === 0 && cpu.retired - r > 20e6) { rr = cpu.retired; tt = cpu0(); } }
  const e = cpu0();
  console.log(guest.padEnd(12), "all", ((cpu.retired - r) / (e - t) / 1e6).toFixed(0), "after 20M", ((cpu.retired - rr) / (e - tt) / 1e6).toFixed(0));
}
