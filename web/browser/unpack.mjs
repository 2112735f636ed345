/**
 * Make ./chromium, for tests where no Chromium is installed:  npm ci && node unpack.mjs
 * The npm package carries a headless Chromium for x86-64 Linux, its software WebGL, a font and the libraries that a bare
 * system lacks (NSS, expat).
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'

const here = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '')
const carried = (name) => brotliDecompressSync(readFileSync(`${here}/node_modules/@sparticuz/chromium/bin/${name}.br`))
const unpacked = `${here}/unpacked`
mkdirSync(unpacked, { recursive: true })
for (const name of ['al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
  const { status, stderr, error } = spawnSync('tar', ['-x', '--no-same-owner', '-C', unpacked], { input: carried(name) })
  if (status !== 0) throw new Error(`${name} can't be unpacked: ${error?.message ?? stderr}`)
}
writeFileSync(`${unpacked}/chromium`, carried('chromium'), { mode: 0o755 })
writeFileSync(
  `${unpacked}/fonts.conf`,
  `<fontconfig><dir>${unpacked}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${unpacked}/cache</cachedir></fontconfig>\n`,
)
writeFileSync(
  `${here}/chromium`,
  `#!/bin/sh\nexport LD_LIBRARY_PATH='${unpacked}/lib' FONTCONFIG_FILE='${unpacked}/fonts.conf'\nexec '${unpacked}/chromium' "$@"\n`,
  { mode: 0o755 },
)
