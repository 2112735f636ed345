/** Curves one behind the other, as ribbons in space: how an error at every noise level shrinks as training goes on. */
import {
  BufferAttribute, BufferGeometry, CatmullRomCurve3, type Color, DoubleSide, InstancedMesh, LineBasicMaterial, LineSegments, Matrix4,
  Mesh, MeshBasicMaterial, SphereGeometry, TubeGeometry, Vector3,
} from 'three'
import type { Stage } from './stage'

export const WIDTH = 5
export const HEIGHT = 2.3 // of an error of 1
export const PITCH = 0.4
const BROAD = 0.2
const MOST_DOTS = 80

export type Dot = { t: number; error: number }
type Tints = { past: Color; present: Color; future: Color; other: Color; line: Color }
type Strip = Mesh<BufferGeometry, MeshBasicMaterial>

export class Ribbons {
  private readonly ribbons: Strip[]
  private readonly curtains: Strip[]
  private readonly other = new Mesh(new BufferGeometry(), new MeshBasicMaterial())
  private readonly floor = new LineSegments(new BufferGeometry(), new LineBasicMaterial())
  private readonly dots = new InstancedMesh(new SphereGeometry(0.05, 12, 8), new MeshBasicMaterial(), MOST_DOTS)
  private readonly newest = new Mesh(new SphereGeometry(0.085, 16, 12), new MeshBasicMaterial())

  /** Of `count` curves at the same `times`. */
  constructor(
    private readonly stage: Stage,
    private readonly count: number,
    private readonly times: readonly number[],
  ) {
    const points = times.length
    const index = Array.from({ length: points - 1 }, (_, i) => [0, 1, 2, 2, 1, 3].map((k) => 2 * i + k)).flat()
    const strip = (opacity: number): Strip => {
      const geometry = new BufferGeometry()
      geometry.setAttribute('position', new BufferAttribute(new Float32Array(6 * points), 3))
      geometry.setIndex(index)
      const mesh = new Mesh(geometry, new MeshBasicMaterial({ side: DoubleSide, transparent: opacity < 1, opacity, depthWrite: opacity === 1 }))
      mesh.frustumCulled = false
      stage.scene.add(mesh)
      return mesh
    }
    this.curtains = Array.from({ length: count }, () => strip(0.16))
    this.ribbons = Array.from({ length: count }, () => strip(1))
    this.dots.count = 0
    this.dots.frustumCulled = this.other.frustumCulled = false
    const [left, right, front, back] = [this.across(0), this.across(1), this.depth(count - 1) + PITCH, this.depth(0) - PITCH / 2]
    const ends: number[] = []
    for (let i = 0; i <= 10; i++) ends.push(this.across(i / 10), 0, front, this.across(i / 10), 0, back)
    for (const z of [front, back]) ends.push(left, 0, z, right, 0, z)
    for (const error of [0.5, 1]) ends.push(left, HEIGHT * error, front, left, HEIGHT * error, back, left, HEIGHT * error, back, right, HEIGHT * error, back)
    ends.push(left, 0, front, left, HEIGHT, front, left, 0, back, left, HEIGHT, back, right, 0, back, right, HEIGHT, back)
    this.floor.geometry.setAttribute('position', new BufferAttribute(Float32Array.from(ends), 3))
    stage.scene.add(this.other, this.floor, this.dots, this.newest)
  }

  across(t: number): number {
    return (t - 0.5) * WIDTH
  }

  depth(moment: number): number {
    return (moment - (this.count - 1) / 2) * PITCH
  }

  /** The curves, one a moment; the present one stands out, and `other` is a second curve beside it. */
  show(curves: readonly (readonly number[])[], present: number, other: readonly number[], tints: Tints): void {
    for (const [moment, curve] of curves.entries()) {
      const [ribbon, curtain] = [this.ribbons[moment]!, this.curtains[moment]!]
      const [tops, walls] = [ribbon, curtain].map(({ geometry }) => geometry.getAttribute('position') as BufferAttribute) as [BufferAttribute, BufferAttribute]
      const z = this.depth(moment)
      const half = (moment === present ? 1.5 : 1) * (BROAD / 2)
      for (const [i, error] of curve.entries()) {
        const [x, y] = [this.across(this.times[i]!), error * HEIGHT]
        tops.setXYZ(2 * i, x, y, z - half)
        tops.setXYZ(2 * i + 1, x, y, z + half)
        walls.setXYZ(2 * i, x, 0, z + half)
        walls.setXYZ(2 * i + 1, x, y, z + half)
      }
      tops.needsUpdate = walls.needsUpdate = true
      ribbon.material.color = moment === present ? tints.present : moment < present ? tints.past : tints.future
      curtain.material.color = ribbon.material.color
      curtain.material.opacity = moment === present ? 0.3 : 0.1
    }
    const places = other.map((error, i) => new Vector3(this.across(this.times[i]!), error * HEIGHT + 0.02, this.depth(present) + BROAD))
    this.other.geometry.dispose()
    this.other.geometry = new TubeGeometry(new CatmullRomCurve3(places), 60, 0.022, 5)
    this.other.material.color = tints.other
    this.floor.material.color = tints.line
  }

  /** Single errors, the newest last, at the moment `at`. */
  mark(dots: readonly Dot[], at: number, tint: Color): void {
    const place = ({ t, error }: Dot) => new Vector3(this.across(t), error * HEIGHT, this.depth(at) + BROAD)
    const shown = dots.slice(-MOST_DOTS)
    this.dots.count = shown.length
    shown.forEach((dot, i) => this.dots.setMatrixAt(i, new Matrix4().setPosition(place(dot))))
    this.dots.instanceMatrix.needsUpdate = true
    this.dots.material.color = this.newest.material.color = tint
    const last = shown.at(-1)
    this.newest.visible = last !== undefined
    if (last) this.newest.position.copy(place(last))
    this.stage.invalidate()
  }

  dispose(): void {
    this.dots.dispose()
  }
}
