import type * as english from '../english/sampling'
import type { Said } from '../languages'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(milliseconds < 995 ? 2 : 1)}秒`
const steps = (count: number) => `${number(count)}步`
const calls = (count: number) => `${number(count)}次调用`

export default {
  labels: {
    view: '看什么',
    views: { race: '赛跑', wall: '种子墙', few: '步数太少会怎样', grids: '调好的行走踩在哪里', calls: '一次调用，两次调用', drift: '漂移的点' },
    none: '空着',
    race: '从同样的噪声出发的行走',
    lane: (place) => `第${place}道`,
    sampler: '采样器',
    steps: '步数',
    stepCount: steps,
    lanes: '谁来走，走几步',
    many: '一次画几张',
    seed: '第一个种子',
    fresh: '换一批种子',
    oneSeed: '种子',
    oneFresh: '换一个种子',
    show: '图片显示',
    shows: { x: '到目前为止的图片', guess: '对终点的猜测' },
    asked: '网络已做的调用',
    ofCalls: (made, total) => `${number(made)} / ${calls(total)}`,
    bars: (total) => `长条：网络的调用，最长的是${number(total)}次`,
    start: '纯噪声',
    finish: '全部到达',
    raceAgain: '开跑',
    stop: '停止',
    go: '重新开始',
    clock: (made, total, milliseconds) => `${number(made)} / ${calls(total)} · ${seconds(milliseconds)}`,
    afterSteps: (made) => (made ? `${steps(made)}之后` : '开头的噪声'),
    wish: '要画什么',
    wishes: { mushroom: '蘑菇', 'smiling face': '笑脸', bird: '鸟', 'red apple': '苹果', '': '随便什么' },
    counting: (name, made, total) => `${name}：${number(made)} / ${calls(total)}…`,
    stopped: '已停止。',
    laneName: (name, count) => `${name}，${steps(count)}`,
    result: (made, milliseconds) => (milliseconds === undefined ? calls(made) : `${calls(made)} · ${seconds(milliseconds)}`),
    laneTold: (name, made, total, milliseconds) =>
      made < total ? `${name}做了${number(made)}次调用，共${number(total)}次` : `${name}经${calls(total)}到达，用时${seconds(milliseconds)}`,
    racing: (wish, told) => `从同样的噪声走向${wish}，轮流各做一次调用：${told.join('；')}。`,
    waiting: '从同样的噪声出发的行走，还没有开始。',
    wall: '按种子排列的图片，一行接一行',
    wallTold: (count, made, milliseconds) =>
      `${number(count)}张图片，合起来${calls(made)}：在这个浏览器里用了${seconds(milliseconds)}，每张${(milliseconds / count).toFixed(0)}毫秒。`,
    wallDescribed: (count, first, name, made) => `${number(count)}张图片，种子${number(first)}到${number(first + count - 1)}，由${name}用${steps(made)}画出。`,
    command: '在命令行里画同样的图片：',
    row: steps,
    rowCannot: (needs) => `至少要${steps(needs)}`,
    grids: { own: '模型自己的行走', tuned: '为它调好的行走' },
    gridScene: '从上面看，地形上的两次行走',
    gridData: '干净的数据',
    gridSays: '每条线是一个噪声水平：数字的网络在那里被问一次，或者行走在那里结束。后面是第3章的地形，噪声在上：一座山丘变清楚时，会成为什么。',
    gridDescribed: (count, own, tuned) =>
      `${steps(count)}，从0%的噪声往下到100%的干净数据：模型自己的行走在${own.map((one) => `${one.toFixed(0)}%`).join('、')}，调好的行走在${tuned.map((one) => `${one.toFixed(0)}%`).join('、')}。`,
    who: { model: '模型', student: '它的学生' },
    callsLane: (name, made) => `${name}，${calls(made)}`,
    callsRace: '模型和它的学生，从同样的噪声出发',
    callsTold: (told) => `从同样的噪声出发的十个数字，轮流各做一次调用：${told.join('；')}。`,
    callsRow: (name) => `数字0到9：${name}`,
    callsSays: '每一行是十个种子。两次调用时，学生的第一个回答加上新噪声，再回答一次。',
    driftSets: { moons: '月牙', spirals: '螺旋', rings: '圆环', pinwheel: '风车' },
    driftScene: '平面上漂移的点',
    driftReal: '数据',
    driftPoints: '漂移的点',
    driftData: '数据',
    driftSteps: '漂移的步数',
    driftStart: '都在中间',
    driftEnd: '在数据之间',
    driftPlay: '漂移',
    driftSays: '每个点被附近的数据拉过去，又被附近的点推开。点和数据一样多的地方，什么都不动。',
    driftDescribed: (set, step, total) => `点从平面中间漂向${set}形状的数据，已走${number(step)}步，共${steps(total)}。`,
    fewDescribed: (name, made) => `同样的六个种子，由${name}用${steps(made)}画出`,
    ofSeed: (seed) => `种子${number(seed)}`,
  },
  text: {
    title: '采样',
    lead: '一个网络，有许多种走法。差别在于怎样走一步，因此也在于要多少次调用。',
    sections: [
      {
        heading: '同一个网络，不同的步子',
        text: [
          '[三次行走](sampling.view=race&sampling.third=dpm%2B%2B2m)从同样的噪声出发，用同一个网络，轮流各做一次调用。每次行走有自己的钟，只在回答它的调用时才走。[[sampler|采样器]]不过是决定下一步的规则：根据到目前为止的猜测，走多远，往哪里走。它依次经过的噪声水平叫作它的[[grid|网格]]。**网络不用重新训练**。采样器可以事后再选。',
          '花费几乎都在网络上。一次[[call|调用]]要把网络整个运行一遍；采样器自己只是加几个数。所以人们数的是调用。一步常常就是一次调用，但不总是：Heun方法几乎每一步都要两次。',
          '[[DDPM]]每一步都加新噪声。它的步子必须小：每一步都假定，用一条钟形曲线就能描述图片从哪里来，而这只对小步成立。[[DDIM]]不加噪声，跟着平均走，所以同样的噪声总是停在同一张图片上，对这个模型二十步就够。在这个模型的噪声调度上，“Euler”就是同样的步子换了个名字：[让它们赛一场](sampling.view=race&sampling.first=ddim&sampling.first-steps=20&sampling.second=euler&sampling.second-steps=20&sampling.third=none)，看一看。',
        ],
        equations: [
          { says: 'DDIM：取对干净图片的猜测，把由此得出的噪声放回去，放到较低的水平s。' },
          { says: '带新噪声z：一部分旧噪声换成新的。DDPM是η的一种取法；η = 0就是DDIM。' },
        ],
      },
      {
        heading: '为什么调用少一些也够',
        text: [
          '没有新噪声，行走就沿着一条从噪声到图片的光滑曲线：一个[[ODE|常微分方程]]的解。Euler沿直线走，在每个拐角重新猜一次。遇到弯，它就离开曲线，离开多少和步长成正比。[[Heun]]往前看，取两个方向的平均。[[DPM-Solver++]]和[[UniPC]]记住最近几次猜测，看出它们怎样变化，让步子顺着弯，不用多一次调用。所以步子足够小以后，调用次数相同，它们离曲线更近。在这里，像代码测出的那样，DPM-Solver++从四步起就比DDIM近，UniPC从八步起明显更近。',
          '[看看步数太少会怎样](sampling.view=few&sampling.drawn=smiling+face)。走一步，就是从纯噪声猜一次。纯噪声里什么也看不到，知道的只有文字。所以最佳猜测是所有笑脸的平均：一张模糊柔和的脸，每个种子都一样。走三步，脸开始不同。走十步，差别还是不如二十步大。所以步数少，先损失的是多样性：图片彼此太像。没有文字时，第一次猜测是[所有图画的平均](sampling.view=few&sampling.drawn=)。',
          '短的行走该经过哪些噪声水平，也可以学出来，而不用训练网络：长的行走表明短的应当停在哪里。[比一比数字模型自己的行走和为它调好的行走](sampling.view=grids)。调好的行走更早离开噪声，把更多的步子放在噪声少的地方。',
          '这个网络的一次调用只能回答一个平均，换一个种子也几乎不变。所以从它的权重出发，再训练一个网络：学生，一次就回答一张完整的图片。[让数字的模型和它的学生赛一场](sampling.view=calls)，一次调用和两次调用。这个学生是靠漂移学会的。它画出一批图片，每一张都要朝附近的训练图片挪一点，离学生附近的其他图片远一点。[看点在平面上漂移](sampling.view=drift)。图片的分布和数据一样的时候，拉力和推力互相抵消，就没有什么可学的了。',
          '[[GAN]]只要一次调用，因为它训练的就是一下子把噪声变成图片。所以它快。代价在训练时付，训练是两个网络的比赛。扩散的代价则在画的时候付。各付多少，演示下面有实测。',
        ],
        equations: [{ says: '把步长h减半，p阶方法的误差就除以2的p次方：对Euler和DDIM是除以2，对Heun和DPM-Solver++（2M）是除以4。' }],
      },
      {
        heading: '一个种子，一张图片',
        text: [
          '[[seed|种子]]是让一串噪声开始的那个数。同样的模型、同样的采样器、同样的种子，给出同样的图片，在这里和在Python里都一样，单独一张或在一千张里也一样。这一页生成噪声的办法和PyTorch相同，所以[那面墙](sampling.view=wall&sampling.drawn=smiling+face)下面的命令，画的就是你看到的。',
          '不同的种子给出不同的图片，虽然文字是一样的。这就是模型的[[diversity|多样性]]：“笑脸”还留着许多没说定，由噪声来定。有些脸几乎没在笑：这个模型很小，学过的画也不多。不加新噪声的采样器，把每份噪声变成一张图片，邻居变成的还是邻居。',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
