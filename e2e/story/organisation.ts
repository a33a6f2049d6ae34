// SPDX-License-Identifier: Apache-2.0
//
// The administrator: an organisation's folder, its console's server, and `casemate-admin`.
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { consoleLayout } from '../../apps/console/src/organisation/layout.ts'
import { ADMIN } from '../session-host/make-release.ts'
import { CasemateProcess } from './casemate-process.ts'
import type { Rule } from './rules.ts'
import { type Refusal, runJson, runRefused } from './run-command.ts'
export const DESKTOP = 'demo'

/** Whom a blocked user is told to ask. */
export const CONTACT = 'Ada, room 3'

const serverReady = z.looseObject({ ready: z.literal(true), device: z.string(), web: z.url() })
const staged = z.looseObject({ serial: z.number() })

export class Organisation {
  readonly folder: string
  readonly #passphrase: string
  #server: CasemateProcess | null = null
  #web = ''
  #policies = 0

  constructor(folder: string, passphrase: string) {
    this.folder = folder
    this.#passphrase = passphrase
  }

  get layout() {
    return consoleLayout(this.folder)
  }

  get passphraseOption(): readonly [string, string] {
    return ['--passphrase-file', this.#passphrase]
  }

  /** Origin of the console's pages, another one after each start. */
  get web(): string {
    return this.#web
  }

  readPassphrase(): Promise<string> {
    return readFile(this.#passphrase, 'utf8')
  }

  /** Its sealed keys, repository and database. */
  async create(): Promise<void> {
    await writeFile(this.#passphrase, randomBytes(18).toString('base64url'), { mode: 0o600 })
    await this.run('init', '--organisation', 'acme', '--title', 'Acme', '--contact', CONTACT, ...this.passphraseOption)
  }

  async start(): Promise<void> {
    const { process, ready } = await CasemateProcess.start('apps/console/server.ts', [
      '--data',
      this.folder,
      ...this.passphraseOption,
      '--web-port',
      '0',
    ])
    this.#web = serverReady.parse(ready).web
    this.#server = process
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#server?.end(signal)
  }

  /** A command of `casemate-admin` on this organisation that must succeed. */
  run(...args: readonly string[]): Promise<unknown> {
    return runJson(ADMIN, [...args, '--data', this.folder])
  }

  refused(...args: readonly string[]): Promise<Refusal> {
    return runRefused(ADMIN, [...args, '--data', this.folder])
  }

  /** As an approver: signs what waits for `role`, which publishes it. */
  async approve(role: 'packages' | 'policies' | 'releases'): Promise<void> {
    await this.run('approve', '--role', role, '--key', this.layout.key('approver'), ...this.passphraseOption)
  }

  nextPolicyVersion(): string {
    this.#policies += 1
    return String(this.#policies)
  }

  /** @returns the version under which `rules` are approved now. */
  async publishPolicy(rules: readonly Rule[]): Promise<string> {
    const version = this.nextPolicyVersion()
    const file = `${this.folder}-policy-${version}.json`
    await writeFile(file, JSON.stringify({ format: 'casemate-policy-1', name: 'base', version, minRuntime: '0.1.0', rules }))
    await this.run('policy', 'stage', '--file', file)
    await this.approve('policies')
    return version
  }

  /** The next release of the desktop. @returns its serial. */
  async publishRelease(packageVersion: string, policyVersion: string): Promise<number> {
    const what = ['--package', `demo/${packageVersion}`, '--layer', `organisation=base/${policyVersion}`]
    const { serial } = staged.parse(await this.run('release', 'stage', '--desktop', DESKTOP, '--title', 'Demo desktop', ...what))
    await this.approve('releases')
    return serial
  }

  async enrolmentCode(user: string): Promise<string> {
    return z.looseObject({ code: z.string() }).parse(await this.run('device', 'code', '--user', user)).code
  }

  /** File with one line of text, for options that take a secret by file. */
  async secretFile(name: string, text: string): Promise<string> {
    const path = join(`${this.folder}-${name}`)
    await writeFile(path, `${text}\n`, { mode: 0o600 })
    return path
  }
}
