// SPDX-License-Identifier: Apache-2.0
//
// Set up before every test file: what its property tests draw is the same in every run (CASEMATE_SEED, see vitest.config.ts).
import fc from 'fast-check'

const seed = Number(process.env.CASEMATE_SEED)
if (!Number.isInteger(seed)) throw new Error('expected `CASEMATE_SEED`, found none')
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
