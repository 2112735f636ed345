/** A picture of 8×8 on a pane of glass: dark pixels let the panes behind show through. */
import {
  BufferAttribute, BufferGeometry, type Camera, type Color, DataTexture, DoubleSide, Group, LineBasicMaterial, LineLoop, Mesh, MeshBasicMaterial,
  NearestFilter, PlaneGeometry, RGBAFormat, SRGBColorSpace,
} from 'three'
import { grey } from './cards'

const SIDE = 8

export class Pane {
  readonly group = new Group()
  private readonly bytes = new Uint8Array(4 * SIDE * SIDE)
  private readonly texture = new DataTexture(this.bytes, SIDE, SIDE, RGBAFormat)
  private readonly glass: Mesh
  private shown: ArrayLike<number> | undefined
  private readonly frame: LineLoop<BufferGeometry, LineBasicMaterial>

  /** How much of what is behind it a dark pixel hides. */
  constructor(private readonly dark: number) {
    this.texture.colorSpace = SRGBColorSpace
    this.texture.magFilter = this.texture.minFilter = NearestFilter
    const glass = new MeshBasicMaterial({ map: this.texture, transparent: true, depthWrite: false, side: DoubleSide })
    const edge = new BufferGeometry()
    edge.setAttribute('position', new BufferAttribute(Float32Array.of(-0.5, -0.5, 0, 0.5, -0.5, 0, 0.5, 0.5, 0, -0.5, 0.5, 0), 3))
    this.frame = new LineLoop(edge, new LineBasicMaterial({ transparent: true, depthWrite: false }))
    this.glass = new Mesh(new PlaneGeometry(1, 1), glass)
    this.group.add(this.glass, this.frame)
  }

  show(values: ArrayLike<number>, frame: Color): void {
    this.frame.material.color = frame
    if (this.shown === values) return
    this.shown = values
    for (let i = 0; i < SIDE * SIDE; i++) {
      const row = SIDE - 1 - Math.floor(i / SIDE) // a texture begins at the bottom
      const shade = grey(values[i]!)
      const at = 4 * (row * SIDE + (i % SIDE))
      this.bytes.fill(shade, at, at + 3)
      this.bytes[at + 3] = 255 * (this.dark + (1 - this.dark) * (shade / 255))
    }
    this.texture.needsUpdate = true
  }

  place(x: number, y: number, z: number, size: number, turn: number): void {
    this.group.position.set(x, y, z)
    this.group.scale.setScalar(size)
    this.group.rotation.y = turn
  }

  /** Parallel panes are drawn from the one furthest behind to the one in front, by the camera's distance from their planes. */
  behind(camera: Camera): void {
    const { position, rotation } = this.group
    const away = (camera.position.x - position.x) * Math.sin(rotation.y) + (camera.position.z - position.z) * Math.cos(rotation.y)
    this.glass.renderOrder = this.frame.renderOrder = -Math.abs(away)
  }

  /** The stage disposes of geometry and materials; the texture is ours. */
  dispose(): void {
    this.texture.dispose()
  }
}
