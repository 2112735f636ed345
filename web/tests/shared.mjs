/** A browser for the scripts of this folder to share:  node tests/shared.mjs  prints what BROWSER is to say; it ends with its input. */
import { share } from './browser.mjs'

const server = await share()
server.on('close', () => process.exit())
console.log(server.wsEndpoint())
process.stdin.on('end', () => server.close()).resume()
