// SPDX-License-Identifier: Apache-2.0
//
// The administrators' side of split escrow: the list of keys that is to be approved, and one's own share, opened on one's own machine.
import { randomBytes } from 'node:crypto'
import { decodeBase64url } from '@casemate/policy/base64url'
import { escrowJwk, openShare, returnShare } from '@casemate/policy/escrow-open'
import { type EcPublicJwk, ecPublicJwk, thumbprint } from '@casemate/policy/jwk'
import { keyListPath, parseEscrowKeys, parseKeyList } from '@casemate/policy/key-list'
import { type Override, override, overrideTyp } from '@casemate/policy/override'
import { generateEphemeralKey } from '@casemate/policy/software-device-key'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { verifyToken } from '@casemate/policy/token'
import { Command, InvalidArgumentError } from 'commander'
import { timeText } from '../cli/data-option.ts'
import { readSmallFile, refuseExisting, writeNewFile } from '../cli/files.ts'
import { print } from '../cli/output.ts'
import { TrustError } from './error.ts'
import { openEscrowKey } from './escrow-key-file.ts'
import { collect } from './options.ts'

const mostBytes = 65_536

export function escrowCommand(): Command {
  const json = (command: Command) => command.option('--json', 'print the result, or the refusal, as one JSON object')
  const escrow = new Command('escrow').description('who can open instance keys together: k of n administrators')
  for (const command of [listCommand(), openCommand()]) escrow.addCommand(json(command))
  return escrow
}

interface ListOptions {
  readonly threshold: number
  readonly publicKey: readonly string[]
  readonly out: string
  readonly json?: true
}

function listCommand(): Command {
  return new Command('list')
    .description(`write the list of escrow keys, to be staged as \`${keyListPath('escrow')}\` of role targets`)
    .requiredOption('--threshold <count>', 'how many administrators it takes; at least 2', readThreshold)
    .requiredOption('--public-key <text>', 'as `keygen --kind escrow` shows it; once for each administrator', collect)
    .requiredOption('--out <file>', 'the list')
    .action(async ({ threshold, publicKey, out, json }: ListOptions) => {
      const keys = await Promise.all(
        publicKey.map(async (text) => ({ kid: await thumbprint(escrowJwk(decodeBase64url(text))), jwk: escrowJwk(decodeBase64url(text)) })),
      )
      const list = `${JSON.stringify({ format: 'casemate-escrow-keys-1', purpose: 'escrow', threshold, keys }, null, 2)}\n`
      await parseEscrowKeys(list)
      await writeNewFile(out, Buffer.from(list))
      const kids = keys.map(({ kid }) => kid)
      print(json, { file: out, threshold, keys: kids }, [`wrote \`${out}\`: ${threshold} of ${kids.length} keys`, ...kids.map((kid) => `  ${kid}`)])
    })
}

interface OpenOptions {
  readonly share: string
  readonly key: string
  readonly to: string
  readonly out: string
  readonly move?: string
  readonly helpDeskKeys?: string
  readonly passphraseFile?: string
  readonly json?: true
}

function openCommand(): Command {
  return new Command('open')
    .description('open your share of an instance key and seal it to the device that made it, or to the one that it moves to; says whose it is')
    .requiredOption('--share <file>', 'out of `casemate-admin escrow export`')
    .requiredOption('--key <file>', 'your escrow key')
    .requiredOption('--to <file>', 'key of the device that gets it: out of the same export, which for a move was asked `--for` that device')
    .requiredOption('--out <file>', 'for `casemate reset-password` on that device')
    .option('--move <file>', "a help desk's grant of a move: the share goes to the device that it names instead")
    .option(
      '--help-desk-keys <file>',
      'with `--move`: the approved list of help-desk keys, as `casemate tuf download` verified it (`keys/help-desk.json`)',
    )
    .option('--passphrase-file <file>', 'one line; asked on the terminal without it')
    .action(async ({ share, key, to, out, move: grant, helpDeskKeys, passphraseFile, json }: OpenOptions) => {
      await refuseExisting(out)
      const [text, recipient] = [(await readSmallFile(share, mostBytes)).toString('utf8'), await readDeviceKey(to)]
      const opened = await openShare(text, await openEscrowKey(key, passphraseFile))
      const move = grant === undefined ? null : await readMove(grant, helpDeskKeys)
      const options = {
        to: recipient,
        ...(move === null ? {} : { move }),
        ephemeral: await generateEphemeralKey(),
        random: (length: number) => new Uint8Array(randomBytes(length)),
      }
      await writeNewFile(out, Buffer.from(JSON.stringify(await returnShare(opened, options))))
      const { device, instance, resetSeq, iat, threshold, shares } = opened.claims
      print(json, { device, instance, resets: resetSeq, madeAt: iat, index: opened.sealed.index, threshold, of: shares.length, file: out }, [
        `share ${opened.sealed.index} of \`${instance}\` on \`${device}\`, made ${timeText(iat)} after ${resetSeq} resets`,
        `${threshold} of ${shares.length} open the instance together; sealed to ${move === null ? 'the device' : `\`${move.sub}\`, to which the help desk lets it move`}, written to ${out}`,
      ])
    })
}

/** Its own time is judged by the device; here it says who may get what. @throws TrustError `move-invalid`; PolicyError `token-*`, `key-list-invalid` */
async function readMove(path: string, keysPath: string | undefined): Promise<Extract<Override, { kind: 'move' }>> {
  if (keysPath === undefined) throw new TrustError('move-invalid', 'expected `--help-desk-keys FILE` with `--move`, by which the grant is verified')
  const [token, list] = [await readSmallFile(path, mostBytes), await readSmallFile(keysPath, mostBytes)]
  const keys = await parseKeyList(list.toString('utf8'), 'help-desk')
  const { claims } = await verifyToken(token.toString('utf8').trim(), { typ: overrideTyp, alg: 'Ed25519', keys, claims: override })
  if (claims.kind !== 'move') throw new TrustError('move-invalid', `\`${path}\`: expected the grant of a move, found one of kind \`${claims.kind}\``)
  return claims
}

/** @throws TrustError `device-key-invalid` */
async function readDeviceKey(path: string): Promise<EcPublicJwk> {
  try {
    return ecPublicJwk.parse(parseStrictJson((await readSmallFile(path, 4096)).toString('utf8')))
  } catch (cause) {
    throw new TrustError('device-key-invalid', `\`${path}\`: expected the public key of a device (JWK, P-256)`, cause)
  }
}

function readThreshold(text: string): number {
  if (/^[1-9][0-9]?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a number from 2 on.')
}
