// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises'

/** Process ids of the QEMUs, and of the bubblewraps around them, that run a VM named `name`. */
export async function processesOf(name: string): Promise<number[]> {
  const found: number[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const words = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (words.some((word, index) => word === '-name' && words[index + 1] === name)) found.push(Number(entry))
  }
  return found
}

/** Only QEMU itself: its command line begins with its own path. */
export async function qemuOf(name: string): Promise<number | undefined> {
  for (const pid of await processesOf(name)) {
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0]?.endsWith('qemu-system-x86_64')) return pid
  }
  return undefined
}
