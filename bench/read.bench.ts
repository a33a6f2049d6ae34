// SPDX-License-Identifier: Apache-2.0
//
// A sealed disk over NBD against qemu-nbd over a LUKS qcow2 and over the raw image: the whole disk in sequence (nbdcopy), and 4 KiB reads
// here and there (fio) in 256 MiB, four times what a disk keeps in the clear in memory. Each measure has a server of its own, just
// started. `cold`: its first reads; `warm`: after as many others. All files are in the page cache.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import { newPackageKey } from '../packages/vm-package/src/keys.ts'
import { sealPackage } from '../packages/vm-package/src/seal.ts'
import { openFolderStore } from '../packages/vm-package/src/store/folder-store.ts'
import { type Figures, inTurn } from './median.ts'
import { runProgram } from './run-program.ts'
import { systemImage } from './system-image.ts'

const rounds = 5
const coldReads = 3000
const warmSeconds = 3

interface Subject {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
}

export async function run(): Promise<Figures> {
  const image = await systemImage()
  const folder = await mkdtemp(join(image, '../read-'))
  try {
    const acts = Object.fromEntries((await prepare(image, folder)).flatMap((subject) => measures(subject, join(folder, 'nbd'))))
    const medians = await inTurn(rounds, acts)
    const of = (key: string) => medians[key] ?? Number.NaN
    return {
      medians,
      ratios: {
        sequential_vs_luks: of('luks_sequential_seconds') / of('casemate_sequential_seconds'),
        random_qd1_vs_luks: of('casemate_qd1_warm_iops') / of('luks_qd1_warm_iops'),
        random_qd16_vs_luks: of('casemate_qd16_warm_iops') / of('luks_qd16_warm_iops'),
        random_qd1_cold_vs_luks: of('casemate_qd1_cold_iops') / of('luks_qd1_cold_iops'),
        random_qd16_cold_vs_luks: of('casemate_qd16_cold_iops') / of('luks_qd16_cold_iops'),
        sequential_vs_raw: of('raw_sequential_seconds') / of('casemate_sequential_seconds'),
      },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The same disk for each server. */
async function prepare(image: string, folder: string): Promise<readonly Subject[]> {
  const packageKey = newPackageKey()
  const hardware = { firmware: 'bios', chipset: 'i440fx', cpus: 1, memoryMiB: 1024, video: 'std', network: null } as const
  const { manifest } = await sealPackage({
    name: 'bench',
    version: '1',
    createdAt: '2026-01-31T12:00:00Z',
    hardware,
    disks: [{ name: 'system', role: 'system', controller: 'virtio', path: image }],
    orgKey: newPackageKey(),
    packageKey,
    store: await openFolderStore(join(folder, 'store'), { durable: false }),
  })
  await writeFile(join(folder, 'manifest.json'), manifest)
  await writeFile(join(folder, 'package.key'), packageKey, { mode: 0o600 })

  const secret = join(folder, 'secret')
  const luks = join(folder, 'luks.qcow2')
  await writeFile(secret, Buffer.from(newPackageKey()).toString('hex'), { mode: 0o600 })
  const secretObject = ['--object', `secret,id=s,file=${secret}`]
  const opened = `driver=qcow2,encrypt.key-secret=s,file.filename=${luks}`
  const { stdout } = await runProgram('qemu-img', ['info', '--output=json', '-f', 'raw', image])
  const size = z.object({ 'virtual-size': z.int() }).parse(JSON.parse(stdout))['virtual-size']
  const luksOptions = 'encrypt.format=luks,encrypt.key-secret=s,encrypt.hash-alg=sha512,encrypt.iter-time=10'
  await runProgram('qemu-img', ['create', '-q', '-f', 'qcow2', ...secretObject, '-o', luksOptions, luks, String(size)])
  await runProgram('qemu-img', ['convert', '-n', ...secretObject, '--image-opts', '--target-image-opts', `driver=raw,file.filename=${image}`, opened])

  const socket = join(folder, 'nbd')
  const qemuNbd = ['--read-only', '--persistent', '--shared=8', '--socket', socket]
  return [
    { name: 'casemate', program: process.execPath, args: [join(import.meta.dirname, 'serve-package.ts'), folder, socket] },
    { name: 'luks', program: 'qemu-nbd', args: [...qemuNbd, ...secretObject, '--image-opts', opened] },
    { name: 'raw', program: 'qemu-nbd', args: [...qemuNbd, '--format=raw', image] },
  ]
}

function measures(subject: Subject, socket: string): readonly (readonly [string, () => Promise<number>])[] {
  const uri = `nbd+unix:///?socket=${socket}`
  const random = (depth: number) =>
    [
      [`${subject.name}_qd${depth}_cold_iops`, () => served(subject, socket, () => fio(uri, depth, [`--number_ios=${coldReads}`, '--randseed=1']))],
      [
        `${subject.name}_qd${depth}_warm_iops`,
        () =>
          served(subject, socket, async () => {
            await fio(uri, 16, [`--number_ios=${coldReads}`, '--randseed=1'])
            return await fio(uri, depth, ['--time_based', `--runtime=${warmSeconds}`, '--randseed=2'])
          }),
      ],
    ] as const
  const sequential = () => served(subject, socket, async () => (await runProgram('nbdcopy', [uri, 'null:'])).seconds)
  return [[`${subject.name}_sequential_seconds`, sequential], ...random(1), ...random(16)]
}

async function served(subject: Subject, socket: string, act: () => Promise<number>): Promise<number> {
  await rm(socket, { force: true })
  const server = spawn(subject.program, subject.args, { stdio: 'inherit' })
  try {
    await isThere(socket, server)
    return await act()
  } finally {
    if (server.exitCode === null) {
      const ended = once(server, 'exit')
      server.kill()
      await ended
    }
  }
}

async function isThere(socket: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`${server.spawnfile} exited with ${server.exitCode}`)
    const there = await access(socket).then(
      () => true,
      () => false,
    )
    if (there) return
    await setTimeout(20)
  }
}

const fioReport = z.object({ jobs: z.tuple([z.object({ error: z.literal(0), read: z.object({ iops: z.number().positive() }) })]) })

/** 4 KiB reads a second. */
async function fio(uri: string, depth: number, options: readonly string[]): Promise<number> {
  const area = ['--offset=256m', '--size=256m', '--bs=4k', '--rw=randread']
  const { stdout } = await runProgram('fio', [
    '--name=read',
    '--ioengine=nbd',
    `--uri=${uri}`,
    `--iodepth=${depth}`,
    ...area,
    ...options,
    '--output-format=json',
  ])
  // It says first that it has connected.
  return fioReport.parse(JSON.parse(stdout.slice(stdout.indexOf('{')))).jobs[0].read.iops
}
