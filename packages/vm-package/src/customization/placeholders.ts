// SPDX-License-Identifier: Apache-2.0
//
// Placeholders of customization files. What is not one of them stays as it is (Windows writes `%SystemRoot%`, shells `date +%Y`); what
// begins like one and is none is refused, so that a misspelt one is found when the package is made.
//
//   %logon_user%         who is logged on to the host          %random_alpha(n)%    n letters, 1 to 64
//   %host_name%          the host's name                       %random_digit(n)%    n digits, 1 to 64
//   %secret(name)%       comes with the lease
import { PackageError } from '../error.ts'

export type Placeholder =
  | { readonly kind: 'logon_user' | 'host_name' }
  | { readonly kind: 'random_alpha' | 'random_digit'; readonly length: number }
  | { readonly kind: 'secret'; readonly name: string }

const resembling = /%(?:logon|host|random|secret)[a-z_]*(?:\([^()%\s]*\))?%/g
export const secretName = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/**
 * Every placeholder of `text` by the words that stand for it, without the percent signs.
 * @throws PackageError `customization-invalid`
 */
export function placeholdersOf(text: string): ReadonlyMap<string, Placeholder> {
  const found = new Map<string, Placeholder>()
  for (const [whole] of text.matchAll(resembling)) found.set(whole.slice(1, -1), parse(whole.slice(1, -1)))
  return found
}

/** @param values by the words of each placeholder; all of `placeholdersOf(text)`. @throws PackageError `customization-invalid` */
export function fillPlaceholders(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(resembling, (whole) => {
    const value = values.get(whole.slice(1, -1))
    if (value === undefined) throw new PackageError('customization-invalid', `there is no value for \`${whole}\``)
    return value
  })
}

function parse(words: string): Placeholder {
  if (words === 'logon_user' || words === 'host_name') return { kind: words }
  const { kind, argument = '' } = /^(?<kind>random_alpha|random_digit|secret)\((?<argument>.*)\)$/.exec(words)?.groups ?? {}
  if (kind === 'secret' && secretName.test(argument)) return { kind, name: argument }
  if ((kind === 'random_alpha' || kind === 'random_digit') && /^[1-9][0-9]?$/.test(argument) && Number(argument) <= 64) {
    return { kind, length: Number(argument) }
  }
  throw new PackageError(
    'customization-invalid',
    `\`%${words}%\` is no placeholder: expected %logon_user%, %host_name%, %random_alpha(1..64)%, %random_digit(1..64)% or %secret(name)%`,
  )
}
