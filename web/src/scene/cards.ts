/** Pictures of 8×8 as framed cards standing in a scene: all of them one mesh, with one texture that holds them all. */
import {
  BufferAttribute, BufferGeometry, type Color, DataTexture, DoubleSide, LinearFilter, Mesh, MeshBasicMaterial, NearestFilter,
  RGBAFormat, SRGBColorSpace,
} from 'three'
import { grey, grown, SIDE } from './flat'

export type Place = { x: number; y: number; z: number; size: number; turn?: number; lean?: number }

export class Cards {
  readonly mesh: Mesh<BufferGeometry, MeshBasicMaterial>
  private readonly columns: number
  private readonly cell: number
  private readonly width: number
  private readonly height: number
  private readonly data: Uint8Array
  private readonly held: { pictures?: Float32Array; frame?: string }[]

  /** Room for `most` cards of `across` × `across` pictures each. */
  constructor(
    private readonly most: number,
    private readonly across: number,
  ) {
    this.cell = across * SIDE * grown(across) + across + 1
    this.columns = Math.ceil(Math.sqrt(most))
    this.width = this.columns * this.cell
    this.height = Math.ceil(most / this.columns) * this.cell
    this.data = new Uint8Array(4 * this.width * this.height).fill(255)
    this.held = Array.from({ length: most }, () => ({}))
    const texture = new DataTexture(this.data, this.width, this.height, RGBAFormat)
    texture.magFilter = NearestFilter
    texture.minFilter = LinearFilter
    texture.colorSpace = SRGBColorSpace
    texture.needsUpdate = true
    const geometry = new BufferGeometry()
    geometry.setAttribute('position', new BufferAttribute(new Float32Array(12 * most), 3))
    geometry.setAttribute('uv', new BufferAttribute(this.corners(), 2))
    geometry.setIndex(Array.from({ length: most }, (_, i) => [0, 1, 2, 2, 1, 3].map((k) => 4 * i + k)).flat())
    geometry.setDrawRange(0, 0)
    this.mesh = new Mesh(geometry, new MeshBasicMaterial({ map: texture, side: DoubleSide }))
    this.mesh.frustumCulled = false
  }

  /** The first `count` cards are to be seen. */
  show(count: number): void {
    this.mesh.geometry.setDrawRange(0, 6 * count)
  }

  /** What card `index` shows, `across`² pictures row by row, and the colour of its frame. */
  picture(index: number, pictures: Float32Array, frame: Color): void {
    const held = this.held[index]!
    if (held.pictures === pictures && held.frame === frame.getHexString()) return
    Object.assign(held, { pictures, frame: frame.getHexString() })
    const { r, g, b } = frame.getRGB({ r: 0, g: 0, b: 0 }, SRGBColorSpace)
    const edge = [r * 255, g * 255, b * 255]
    const left = (index % this.columns) * this.cell
    const top = Math.floor(index / this.columns) * this.cell
    const texels = grown(this.across)
    const period = SIDE * texels + 1
    for (let y = 0; y < this.cell; y++) {
      for (let x = 0; x < this.cell; x++) {
        const at = 4 * ((top + y) * this.width + left + x)
        if (x % period === 0 || y % period === 0) {
          for (let c = 0; c < 3; c++) this.data[at + c] = edge[c]!
          continue
        }
        const which = Math.floor(y / period) * this.across + Math.floor(x / period)
        const pixel = Math.floor(((y % period) - 1) / texels) * SIDE + Math.floor(((x % period) - 1) / texels)
        const tone = grey(pictures[which * SIDE * SIDE + pixel] ?? -1)
        for (let c = 0; c < 3; c++) this.data[at + c] = tone
      }
    }
    this.mesh.material.map!.needsUpdate = true
  }

  /** Where card `index` stands: turned about the upright axis, leaning back, in radians. */
  place(index: number, { x, y, z, size, turn = 0, lean = 0 }: Place): void {
    const position = this.mesh.geometry.getAttribute('position') as BufferAttribute
    let corner = 4 * index
    for (const up of [0.5, -0.5]) {
      for (const along of [-0.5, 0.5]) {
        const depth = -up * Math.sin(lean)
        position.setXYZ(
          corner++,
          x + size * (along * Math.cos(turn) + depth * Math.sin(turn)),
          y + size * up * Math.cos(lean),
          z + size * (depth * Math.cos(turn) - along * Math.sin(turn)),
        )
      }
    }
    position.needsUpdate = true
  }

  /** The stage disposes of geometry and material; the texture is ours. */
  dispose(): void {
    this.mesh.material.map?.dispose()
    this.mesh.material.dispose()
    this.mesh.geometry.dispose()
    this.mesh.removeFromParent()
  }

  private corners(): Float32Array {
    const uv = new Float32Array(8 * this.most)
    for (let i = 0; i < this.most; i++) {
      const [left, top] = [(i % this.columns) * this.cell, Math.floor(i / this.columns) * this.cell]
      let corner = 8 * i
      for (const y of [top, top + this.cell]) {
        for (const x of [left, left + this.cell]) {
          uv[corner++] = x / this.width
          uv[corner++] = y / this.height
        }
      }
    }
    return uv
  }
}
