// SPDX-License-Identifier: Apache-2.0
import { Socket } from 'node:net'
import { EngineError } from '../../error.ts'
import { type ChildErrorCode, type ChildReport, childErrorCodes } from '../child-protocol.ts'
import { readJsonLines } from '../json-lines.ts'

/** The inherited socket. */
const CONTROL_FD = 3
const LONGEST_SERIAL = 64 * 1024

export class Control {
  readonly messages: AsyncGenerator<unknown>
  private readonly socket = new Socket({ fd: CONTROL_FD })
  private serial: number[] = []
  private serialDue = false

  constructor() {
    this.socket.on('error', () => process.exit(1))
    this.messages = readJsonLines(this.socket)
  }

  send(report: ChildReport): void {
    this.socket.write(`${JSON.stringify(report)}\n`)
  }

  /** Bytes of one turn of the loop go together. */
  sendSerial(byte: number): void {
    this.serial.push(byte)
    if (this.serial.length >= LONGEST_SERIAL) this.flushSerial()
    if (this.serialDue) return
    this.serialDue = true
    setImmediate(() => {
      this.serialDue = false
      this.flushSerial()
    })
  }

  /** The last word of a child that cannot go on. */
  fatal(error: unknown): void {
    this.flushSerial()
    const { code, message } = describe(error)
    this.socket.end(`${JSON.stringify({ type: 'fatal', code, message } satisfies ChildReport)}\n`, () => process.exit(1))
  }

  private flushSerial(): void {
    if (this.serial.length === 0) return
    this.send({ type: 'serial', base64: Buffer.from(this.serial).toString('base64') })
    this.serial = []
  }
}

export function describe(error: unknown): { code: ChildErrorCode; message: string } {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof EngineError ? childErrorCodes.find((known) => known === error.code) : undefined
  return { code: code ?? 'engine-failed', message: message.slice(0, 4096) }
}
