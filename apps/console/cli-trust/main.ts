#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// casemate-trust: the ceremonies around an organisation's TUF repository. Exit codes: 0 done; 1 refused; 2 wrong usage; 3 the
// environment (a file, a folder, the terminal, another process at work) did not allow it. Results go to standard output.
import { trustProgram } from './program.ts'
import { runTrust } from './run-trust.ts'

await runTrust(trustProgram(), process.argv)
