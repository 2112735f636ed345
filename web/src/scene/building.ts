/** A UNet as a building: fine maps on the upper floor, coarse ones on the lower, skips as bridges, one line that tells all. */
import {
  BoxGeometry, BufferAttribute, BufferGeometry, type Camera, CatmullRomCurve3, type Color, ConeGeometry, DataTexture, DoubleSide, EdgesGeometry,
  LinearFilter, LineBasicMaterial, LineSegments, Mesh, MeshBasicMaterial, NearestFilter, type Object3D, QuadraticBezierCurve3, Raycaster,
  SphereGeometry, SRGBColorSpace, TorusGeometry, TubeGeometry, Vector2, Vector3,
} from 'three'
import type { Stage } from './stage'
import { type Maps, type Shade, sheet, type Tint } from './tiles'

const ACROSS = 4 // tiles along a side of a sheet
const UPPER = 0.75
const LOWER = -1.75
const LINE = -0.5 // the height of the line between the floors

/** Where a block stands, and the side of its sheets. */
export type Spot = { x: number; y: number; size: number }
export const PLAN: Record<string, Spot> = {
  x: { x: -3.25, y: 2.42, size: 1.4 },
  enter: { x: -3.25, y: UPPER, size: 1.15 },
  'down 0.0': { x: -1.5, y: UPPER, size: 1.15 },
  'down 1.0': { x: -1.5, y: LOWER, size: 0.98 },
  middle: { x: 0, y: LOWER, size: 0.98 },
  'up 1.0': { x: 1.5, y: LOWER, size: 0.98 },
  'up 0.0': { x: 1.5, y: UPPER, size: 1.15 },
  answer: { x: 3.3, y: UPPER, size: 1.5 },
}
/** The way of a picture through it, from the first to the last. */
export const WAY = Object.keys(PLAN)
export const BRIDGES: Record<string, [from: string, to: string]> = { 'skip 0.0': ['down 0.0', 'up 0.0'], 'skip 1.0': ['down 1.0', 'up 1.0'] }
/** Blocks that are told the noise level and the class. */
export const TOLD = WAY.filter((name) => /down|middle|up/.test(name))
export const LINE_START: [number, number] = [-2.6, LINE]

/** The corners of the way between two neighbouring blocks. */
export function passage(from: string, to: string): [number, number][] {
  const [a, b] = [PLAN[from]!, PLAN[to]!]
  if (a.x === b.x) {
    const way = Math.sign(b.y - a.y)
    return [[a.x, a.y + (way * a.size) / 2], [b.x, b.y - (way * b.size) / 2]] // prettier-ignore
  }
  return [[a.x + a.size / 2, a.y], [b.x - b.size / 2, b.y]] // prettier-ignore
}

/** The ends of a bridge and the height of its crown. */
export function bridge(name: string): { from: [number, number]; to: [number, number]; crown: number } {
  const [a, b] = BRIDGES[name]!.map((end) => PLAN[end]!) as [Spot, Spot]
  const y = a.y + a.size * 0.3
  return { from: [a.x + a.size / 2, y], to: [b.x - b.size / 2, y], crown: a.y > 0 ? y + 0.75 : y + 0.5 }
}

/** Where the line reaches a block. */
export function branch(name: string): [number, number] {
  const { x, y, size } = PLAN[name]!
  const outward = Math.sign(x) * (y > 0 ? 0.35 : -0.3)
  return [x + outward, y > 0 ? y - size / 2 : y + size / 2]
}

type Tints = { way: Color; skip: Color; told: Color; attention: Color; off: Color }
type Part = Mesh<BufferGeometry, MeshBasicMaterial>

/** A stack of sheets, each with a part of a block's maps on it; a lone picture faces the reader, and is enlarged smoothly. */
class Stack {
  readonly mesh: Part
  readonly outline: LineSegments<EdgesGeometry, LineBasicMaterial>
  readonly depth: number
  private texture: DataTexture | undefined
  private held: Float32Array | undefined
  private key = ''

  constructor(
    readonly name: string,
    spot: Spot,
    private readonly sheets: number,
    private readonly lone: boolean,
  ) {
    const step = sheets > 4 ? 0.13 : 0.2
    this.depth = (sheets - 1) * step
    const geometry = new BufferGeometry()
    const places: number[] = []
    for (let s = 0; s < sheets; s++) {
      for (const up of [0.5, -0.5]) for (const along of [-0.5, 0.5]) places.push(along * spot.size, up * spot.size, -s * step)
    }
    geometry.setAttribute('position', new BufferAttribute(Float32Array.from(places), 3))
    geometry.setAttribute('uv', new BufferAttribute(new Float32Array(8 * sheets), 2))
    geometry.setIndex(Array.from({ length: sheets }, (_, s) => [0, 2, 1, 1, 2, 3].map((k) => 4 * s + k)).flat())
    this.mesh = new Mesh(geometry, new MeshBasicMaterial({ side: DoubleSide, transparent: true }))
    this.mesh.name = name
    this.mesh.position.set(spot.x, spot.y, 0)
    const box = new BoxGeometry(spot.size + 0.12, spot.size + 0.12, this.depth + 0.12)
    this.outline = new LineSegments(new EdgesGeometry(box), new LineBasicMaterial())
    box.dispose()
    this.outline.position.set(spot.x, spot.y, -this.depth / 2)
    if (lone) for (const part of [this.mesh, this.outline]) part.onBeforeRender = (_renderer, _scene, camera) => face(part, camera)
  }

  show(maps: Maps, tint: Tint, line: Shade, key: string): void {
    if (this.held === maps.data && this.key === key) return
    this.held = maps.data
    this.key = key
    const columns = Math.min(ACROSS, maps.channels)
    const { pixels, width, height } = sheet(maps, columns, tint, line)
    if (this.texture?.image.width !== width || this.texture.image.height !== height) {
      this.texture?.dispose()
      this.texture = new DataTexture(pixels, width, height)
      this.texture.magFilter = this.lone ? LinearFilter : NearestFilter
      this.texture.minFilter = LinearFilter
      this.texture.colorSpace = SRGBColorSpace
      this.mesh.material.map = this.texture
      this.mesh.material.needsUpdate = true
      const uv = this.mesh.geometry.getAttribute('uv') as BufferAttribute
      const share = (height - 1) / this.sheets
      for (let s = 0; s < this.sheets; s++) {
        const [top, bottom] = [(s * share) / height, ((s + 1) * share + 1) / height]
        uv.set([0, top, 1, top, 0, bottom, 1, bottom], 8 * s)
      }
      uv.needsUpdate = true
    } else (this.texture.image.data as Uint8ClampedArray).set(pixels)
    this.texture.needsUpdate = true
  }

  dispose(): void {
    this.texture?.dispose()
  }
}

export class Building {
  private readonly stacks = new Map<string, Stack>()
  private readonly passages: { part: Part[]; to: number }[] = []
  private readonly bridges = new Map<string, Part>()
  private readonly trunk: Part[] = []
  private readonly rings = new Map<string, Part>()
  private readonly runner: Part
  private readonly way: Vector3[]

  /** `channels` of each block; `attending` blocks get a ring; `onpick` is told which block was clicked. */
  constructor(
    private readonly stage: Stage,
    channels: Record<string, number>,
    attending: string[],
    onpick: (name: string) => void,
  ) {
    for (const name of WAY) {
      const sheets = Math.max(1, Math.ceil((channels[name] ?? 1) / ACROSS ** 2))
      const stack = new Stack(name, PLAN[name]!, sheets, channels[name] === 1)
      this.stacks.set(name, stack)
      stage.scene.add(stack.mesh, stack.outline)
    }
    for (const [i, from] of WAY.slice(0, -1).entries()) {
      const ends = passage(from, WAY[i + 1]!).map(([x, y]) => new Vector3(x, y, 0.02)) as [Vector3, Vector3]
      this.passages.push({ part: this.arrow(...ends), to: i + 1 })
    }
    for (const name of Object.keys(BRIDGES)) {
      const { from, to, crown } = bridge(name)
      const middle = new Vector3((from[0] + to[0]) / 2, 2 * crown - (from[1] + to[1]) / 2, 0.02)
      this.bridges.set(name, this.tube(new QuadraticBezierCurve3(new Vector3(...from, 0.02), middle, new Vector3(...to, 0.02)), 0.045))
    }
    const last = Math.max(...TOLD.map((name) => branch(name)[0]))
    this.trunk.push(this.straight(new Vector3(...LINE_START, 0), new Vector3(last, LINE, 0)))
    for (const name of TOLD) {
      const [x, y] = branch(name)
      this.trunk.push(this.straight(new Vector3(x, LINE, 0), new Vector3(x, y, 0)))
    }
    for (const name of attending) {
      const { x, y, size } = PLAN[name]!
      const ring = new Mesh(new TorusGeometry(size * 0.72 + this.stacks.get(name)!.depth * 0.22, 0.022, 6, 48), new MeshBasicMaterial())
      ring.rotation.x = Math.PI / 2
      ring.position.set(x, y - size * 0.2, -this.stacks.get(name)!.depth / 2)
      stage.scene.add(ring)
      this.rings.set(name, ring)
    }
    this.way = WAY.map((name) => new Vector3(PLAN[name]!.x, PLAN[name]!.y, 0.12))
    this.runner = new Mesh(new SphereGeometry(0.09, 16, 12), new MeshBasicMaterial())
    stage.scene.add(this.runner)
    this.listen(onpick)
  }

  /** What a block shows: its maps, in colours that `key` names. */
  maps(name: string, maps: Maps, tint: Tint, line: Shade, key: string): void {
    this.stacks.get(name)?.show(maps, tint, line, key)
  }

  /** Which parts are taken away, which block is chosen, and how far along the way a picture has come (all of it: Infinity). */
  mark(tints: Tints, off: readonly string[], chosen: string | undefined, reached: number): void {
    for (const [i, name] of WAY.entries()) {
      const { mesh, outline } = this.stacks.get(name)!
      mesh.material.opacity = i > reached + 0.01 ? 0.12 : off.includes(name) ? 0.3 : 1
      outline.visible = name === chosen
      outline.material.color = tints.way
    }
    for (const { part, to } of this.passages) {
      for (const one of part) one.material.color = to > reached + 1 ? tints.off : tints.way
    }
    for (const [name, part] of this.bridges) paint(part, off.includes(name), tints.skip, tints.off)
    for (const part of this.trunk) paint(part, off.includes('time') && off.includes('class'), tints.told, tints.off)
    for (const [name, part] of this.rings) paint(part, off.includes(`attention ${name}`), tints.attention, tints.off)
    this.runner.visible = Number.isFinite(reached)
    if (this.runner.visible) {
      const below = Math.min(Math.floor(reached), WAY.length - 2)
      this.runner.position.lerpVectors(this.way[below]!, this.way[below + 1]!, reached - below)
      this.runner.material.color = tints.way
    }
  }

  dispose(): void {
    for (const stack of this.stacks.values()) stack.dispose()
  }

  private tube(curve: CatmullRomCurve3 | QuadraticBezierCurve3, radius: number): Part {
    const part = new Mesh(new TubeGeometry(curve, 32, radius, 6), new MeshBasicMaterial({ transparent: true }))
    this.stage.scene.add(part)
    return part
  }

  private straight(from: Vector3, to: Vector3, radius = 0.026): Part {
    return this.tube(new CatmullRomCurve3([from, to]), radius)
  }

  private arrow(from: Vector3, to: Vector3): Part[] {
    const along = to.clone().sub(from).normalize()
    const shaft = this.straight(from, to.clone().addScaledVector(along, -0.06), 0.022)
    const head = new Mesh(new ConeGeometry(0.075, 0.16, 12), new MeshBasicMaterial())
    head.position.copy(to).addScaledVector(along, -0.08)
    head.quaternion.setFromUnitVectors(new Vector3(0, 1, 0), along)
    this.stage.scene.add(head)
    return [shaft, head]
  }

  /** A click on a block chooses it; a drag turns the view. */
  private listen(onpick: (name: string) => void): void {
    const { canvas, camera } = this.stage
    const ray = new Raycaster()
    const meshes = [...this.stacks.values()].map(({ mesh }) => mesh)
    const under = (event: PointerEvent): string | undefined => {
      const box = canvas.getBoundingClientRect()
      const place = new Vector2(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2)
      ray.setFromCamera(place, camera)
      return ray.intersectObjects(meshes)[0]?.object.name
    }
    let down: PointerEvent | undefined
    canvas.addEventListener('pointerdown', (event) => (down = event))
    canvas.addEventListener('pointerup', (event) => {
      const name = down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < 5 ? under(event) : undefined
      down = undefined
      if (name) onpick(name)
    })
    canvas.addEventListener('pointermove', (event) => {
      if (!down) canvas.style.cursor = under(event) ? 'pointer' : ''
    })
  }
}

function face(part: Object3D, camera: Camera): void {
  part.quaternion.copy(camera.quaternion)
  part.updateMatrixWorld()
}

function paint(part: Part, off: boolean, tint: Color, gone: Color): void {
  part.material.color = off ? gone : tint
  part.material.opacity = off ? 0.55 : 1
}
