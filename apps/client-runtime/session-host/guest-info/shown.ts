// SPDX-License-Identifier: Apache-2.0

const MOST = 200

/** For a person to read on one line: what steers a terminal, turns the direction of writing, breaks a line or cannot be seen is written as its number. */
export function shown(value: string): string {
  const signs = [...value]
  const text = signs
    .slice(0, MOST)
    .map((sign) => (/^[\p{C}\p{Zl}\p{Zp}\\]$/u.test(sign) ? `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}` : sign))
    .join('')
  return signs.length > MOST ? `${text}...` : text
}
