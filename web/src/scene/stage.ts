/** A three.js stage that draws only when something has changed, and says so where there is no WebGL. */
import { Color, type Light, type Material, type Mesh, PerspectiveCamera, Scene, type ShaderMaterial, Vector3, WebGLRenderer } from 'three'
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js'
import { style } from './flat'
import { FIELD, type Point } from './seen'

export type { Point }
export type Colours = Record<'ink' | 'soft' | 'line' | 'blue' | 'orange' | 'green' | 'pink' | 'scene', Color>

const POLL = 10 // milliseconds

export class Stage {
  readonly scene = new Scene()
  readonly camera = new PerspectiveCamera(FIELD, 1, 0.05, 200)
  readonly controls: OrbitControls
  private readonly renderer: WebGLRenderer
  private readonly watching: ResizeObserver
  private asked = 0
  private led = 0 // the frame in which the camera is led on
  private before: ((seconds: number) => void)[] = []
  private disposed = false
  private readonly built = new Set<string>() // kinds of things whose shaders are there
  private building = false
  width = 1
  height = 1
  private begun = () => {}
  /** Once its first frame is there. */
  readonly drawn = new Promise<void>((resolve) => (this.begun = resolve))
  /** Milliseconds of script that the last frame took, before the graphics card has its turn. */
  script = 0

  /** Throws where the browser gives no WebGL. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    from: Point = [3.2, 2, 5.2],
    to: Point = [0, 0, 0],
  ) {
    const context = canvas.getContext('webgl2', { antialias: true, powerPreference: 'low-power' })
    if (!context) throw new Error('no WebGL') // three.js would fill the console
    this.renderer = new WebGLRenderer({ canvas, context })
    this.renderer.debug.checkShaderErrors = import.meta.env.DEV // asking stops the page until the shaders are built
    this.renderer.setPixelRatio(Math.min(devicePixelRatio, 2))
    this.camera.position.set(...from)
    this.controls = new OrbitControls(this.camera, canvas)
    this.controls.target.set(...to)
    this.controls.enableDamping = false
    this.controls.enablePan = false
    this.controls.minDistance = 1.5
    this.controls.maxDistance = 30
    this.controls.addEventListener('change', () => this.invalidate())
    this.controls.addEventListener('start', () => cancelAnimationFrame(this.led)) // the reader takes it
    canvas.style.touchAction = 'pan-y' // a finger still scrolls the page up and down
    this.controls.update()
    canvas.addEventListener('keydown', this.keys)
    this.watching = new ResizeObserver(() => this.resize())
    this.watching.observe(canvas.parentElement ?? canvas)
    this.resize()
  }

  /** Called before each frame with the seconds since the page began. */
  onFrame(change: (seconds: number) => void): void {
    this.before.push(change)
  }

  /** Draw again, soon and once. */
  invalidate(): void {
    if (!this.asked && !this.building && !this.disposed) this.asked = requestAnimationFrame(this.frame)
  }

  /** Draw now: what a browser shows is thrown away after a frame, and has to be there to be copied. */
  draw(): void {
    this.renderer.render(this.scene, this.camera)
  }

  /** Turn the view by so many radians. */
  turn(around: number, over = 0): void {
    const offset = this.camera.position.clone().sub(this.controls.target)
    const radius = offset.length()
    const polar = Math.min(Math.PI - 0.05, Math.max(0.05, Math.acos(offset.y / radius) + over))
    const azimuth = Math.atan2(offset.x, offset.z) + around
    offset.set(Math.sin(polar) * Math.sin(azimuth), Math.cos(polar), Math.sin(polar) * Math.cos(azimuth))
    this.camera.position.copy(this.controls.target).addScaledVector(offset, radius)
    this.camera.lookAt(this.controls.target)
    this.controls.update()
    this.invalidate()
  }

  zoom(by: number): void {
    const offset = this.camera.position.clone().sub(this.controls.target)
    const distance = Math.min(this.controls.maxDistance, Math.max(this.controls.minDistance, offset.length() * by))
    this.camera.position.copy(this.controls.target).add(offset.setLength(distance))
    this.controls.update()
    this.invalidate()
  }

  /** Lead the camera to `from`, looking at `to` from `far` times as far away, in so many milliseconds. */
  look(from: Point, to: Point, far: number, milliseconds: number): void {
    cancelAnimationFrame(this.led)
    const { camera, controls } = this
    const ends = { aim: new Vector3(...to), place: new Vector3(...from).sub(new Vector3(...to)).multiplyScalar(far).add(new Vector3(...to)) }
    const [aim, place, begun] = [controls.target.clone(), camera.position.clone(), performance.now()]
    const step = (now: number) => {
      const share = milliseconds ? Math.min(1, Math.max(0, (now - begun) / milliseconds)) : 1
      const eased = share * share * (3 - 2 * share)
      controls.target.copy(share < 1 ? aim.clone().lerp(ends.aim, eased) : ends.aim)
      camera.position.copy(share < 1 ? place.clone().lerp(ends.place, eased) : ends.place)
      controls.update()
      this.invalidate()
      if (share < 1 && !this.disposed) this.led = requestAnimationFrame(step)
    }
    step(begun)
  }

  paint(background: Color): void {
    this.renderer.setClearColor(background)
    this.invalidate()
  }

  dispose(): void {
    this.disposed = true
    cancelAnimationFrame(this.asked)
    cancelAnimationFrame(this.led)
    this.watching.disconnect()
    this.canvas.removeEventListener('keydown', this.keys)
    this.controls.dispose()
    this.scene.traverse((thing) => {
      const { geometry, material } = thing as { geometry?: { dispose(): void }; material?: { dispose(): void } | { dispose(): void }[] }
      geometry?.dispose()
      for (const m of Array.isArray(material) ? material : material ? [material] : []) m.dispose()
    })
    this.renderer.dispose()
  }

  private readonly keys = (event: KeyboardEvent): void => {
    const turn = Math.PI / 24
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.turn(-turn),
      ArrowRight: () => this.turn(turn),
      ArrowUp: () => this.turn(0, -turn),
      ArrowDown: () => this.turn(0, turn),
      '+': () => this.zoom(0.9),
      '=': () => this.zoom(0.9),
      '-': () => this.zoom(1.1),
    }
    const move = moves[event.key]
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    move()
  }

  private resize(): void {
    const box = (this.canvas.parentElement ?? this.canvas).getBoundingClientRect()
    if (!box.width || !box.height) return
    this.width = box.width
    this.height = box.height
    this.renderer.setSize(box.width, box.height, false)
    this.camera.aspect = box.width / box.height
    // The scene fits a square: a narrow canvas looks from further away.
    this.camera.fov = this.camera.aspect < 1 ? 2 * Math.atan(Math.tan((FIELD * Math.PI) / 360) / this.camera.aspect) * (180 / Math.PI) : FIELD
    this.camera.updateProjectionMatrix()
    this.invalidate()
  }

  /** Whether there are new shaders to wait for: drawing with them at once would stop the page until they are built. */
  private build(): boolean {
    const kinds: string[] = []
    let lights = 0
    this.scene.traverseVisible((thing) => {
      if ((thing as Light).isLight) lights++
      const { material } = thing as Mesh
      for (const one of material ? [material].flat() : []) kinds.push(kind(thing, one))
    })
    const fresh = kinds.map((one) => `${one} ${lights}`).filter((one) => !this.built.has(one))
    if (!fresh.length) return false
    for (const one of fresh) this.built.add(one)
    this.building = true
    void this.shaders().then(() => {
      this.building = false
      this.invalidate()
    })
    return true
  }

  private async shaders(): Promise<void> {
    const { renderer, scene, camera } = this
    if (renderer.extensions.has('KHR_parallel_shader_compile')) return void (await renderer.compileAsync(scene, camera))
    renderer.compile(scene, camera)
    // Where none says when a shader is built, a fence does, which is passed once all before it is done.
    const context = renderer.getContext() as WebGL2RenderingContext
    const fence = context.fenceSync(context.SYNC_GPU_COMMANDS_COMPLETE, 0)
    context.flush()
    while (fence && !this.disposed && !context.isContextLost() && context.getSyncParameter(fence, context.SYNC_STATUS) !== context.SIGNALED)
      await new Promise((resolve) => setTimeout(resolve, POLL))
    context.deleteSync(fence)
  }

  private readonly frame = (now: number): void => {
    this.asked = 0
    if (this.build()) return
    const begun = performance.now()
    for (const change of this.before) change(now / 1000)
    this.renderer.render(this.scene, this.camera)
    this.script = performance.now() - begun
    this.begun()
  }
}

/** What a thing's shader is built for. */
function kind(thing: object, material: Material): string {
  const { type, isInstancedMesh } = thing as { type: string; isInstancedMesh?: boolean }
  const { map, transparent, vertexColors, vertexShader, fragmentShader } = material as Partial<ShaderMaterial> & { map?: unknown }
  return [type, isInstancedMesh, material.type, Boolean(map), transparent, vertexColors, vertexShader, fragmentShader].join()
}

/** The page's colours as three.js has them; read again when the theme changes. */
export function colours(): Colours {
  const names = ['ink', 'soft', 'line', 'blue', 'orange', 'green', 'pink', 'scene'] as const
  return Object.fromEntries(names.map((name) => [name, new Color(style(name))])) as Colours
}
