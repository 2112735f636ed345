import type * as english from '../english/training'
import type { Said } from '../languages'
import { written } from '../written'

const number = (value: number) => written(value, 0, 3)
const percent = (share: number) => `${(100 * share).toFixed(1)}%`
const three = (value: number) => value.toFixed(3)
const thousands = (images: number) => (images < 1000 ? String(Math.round(images)) : `${number(Math.round(images / 1000))}k`)
const sets = { seen: '训练用的图片', held_out: '从没见过的图片' }
const names = { diffusion: '扩散模型', vae: 'VAE', gan: 'GAN' }

export default {
  labels: {
    scene: '每个噪声水平上的误差，一个时刻接一个时刻',
    view: '看什么',
    views: { run: '整个训练过程', step: '亲手做一步', plane: '自己训练一个', beside: '旁边放上GAN和VAE' },
    moment: '训练',
    at: (images, seconds) => (images ? `${number(images)}张图片，${seconds.toFixed(0)}秒` : '还没开始'),
    before: '训练前',
    after: '结束',
    show: '显示',
    shows: { samples: '它画出了什么', error: '它的误差，逐个水平' },
    set: '误差算在',
    sets,
    axis: { t: '噪声水平的时间t', error: '所猜噪声的误差' },
    sofar: (images) => (images ? `${thousands(images)}张图片` : '训练前'),
    ofSet: (set) => sets[set],
    thousands,
    samples: (count) => `同样的${count}个种子，依次要0到9，在这一时刻画的`,
    framed: '每张下面写着要它画的数字。加了框的，认不出是那个数字。',
    samplesDescribed: (count, images, read) => `训练${number(images)}张图片之后画的${count}张图片；其中${read}张能认出是所要的数字。`,
    rows: {
      loss: '从上一时刻以来的训练损失',
      seen: '平均误差，训练用的图片',
      held_out: '平均误差，从没见过的图片',
      read: '能认出是所要数字的样本',
      near: '样本到最像它的训练图片的距离',
    },
    none: '还没有',
    read: (read, count) => `${count}张里的${read}张`,
    how: (real, classifier) =>
      `由一个分类器来认，它对真数字的正确率是${percent(classifier)}。距离用从黑到白的百分之几表示；一个从没见过的真数字，离最像它的训练图片是${percent(real)}。`,
    curve: '同一个训练过程，横轴均匀：平均误差随看过的图片数的变化',
    curveDescribed: (moments) =>
      `所猜噪声的平均误差：${moments.map(({ images, seen, held_out }) => `${number(images)}张图片之后，训练用的图片上是${three(seen)}，从没见过的图片上是${three(held_out)}`).join('；')}。`,
    level: '噪声水平，时间t',
    little: '噪声少',
    much: '噪声多',
    clean: '一个数字',
    thrown: '加进去的噪声',
    goesIn: '输入',
    guess: '猜出的噪声',
    difference: '两者之差',
    error: (error) => `误差${three(error)}`,
    compared: (mean, batch, expected) =>
      `${batch === 1 ? '平方误差，在64个像素上的平均' : `${batch}个数字的平均平方误差，每个有自己的噪声`}：${three(mean)}。在记录的训练过程里，这个水平上最后的平均是${three(expected)}，算在训练用的图片上。`,
    another: '再做一次练习',
    fresh: '换一份噪声',
    digit: '数字',
    batch: '一个批次里的数字',
    batches: { '10': '10个，每种一个' },
    described: (images, set, low, middle, high) =>
      `十一条带子，记录的每个时刻一条，显示所猜噪声的误差随噪声水平的变化，算在${sets[set]}上。${number(images)}张图片之后，噪声少时是${three(low)}，t = 0.5时是${three(middle)}，噪声多时是${three(high)}。`,
  },
  beside: {
    names,
    digit: '数字',
    all: '全部十个',
    calls: (kind, calls) => (kind === 'diffusion' ? `${calls}次调用` : '一次调用'),
    took: (milliseconds) => `这里用了${milliseconds.toFixed(0)}毫秒`,
    described: (kind, count, seed) => `种子${seed}到${seed + count - 1}的${count}个数字，由${names[kind]}画出。`,
    trained: ({ seconds, threads, parameters, images }) =>
      `每个都在${threads}个处理器核上，用同样的数字训练了${seconds}秒。参数个数和看过的图片数：${(['diffusion', 'vae', 'gan'] as const)
        .map((kind) => `${names[kind]}是${number(parameters[kind])}和${number(images[kind])}`)
        .join('；')}。GAN和VAE的两个网络都算在内。`,
  },
  plane: {
    set: '数据',
    sets: { moons: '月牙', spirals: '螺线', rings: '圆环', pinwheel: '风车', own: '你自己的' },
    type: '输入一两个字',
    draw: '或在这里画',
    clear: '清空',
    pad: '用手指或鼠标画形状的地方',
    start: (seconds) => `训练${seconds}秒`,
    again: '再训练一次',
    stop: '停止',
    time: '训练已用的时间',
    key: '灰色：数据。蓝色：网络从噪声生成的点，用的总是同一份噪声。橙色：它把点往哪里移。',
    rows: { steps: '步数', loss: '损失', away: '离数据' },
    arrows: '时间t的箭头',
    loss: '曲线是每一步的损失。它从不会降到零：噪声不可能精确地知道。',
    how: (weights) =>
      `一个有${number(weights)}个权重的网络，在你的浏览器里从零学起，每一步用128个点。“离数据”是生成的点到最近的数据点的平均距离；数据的离散程度是1。`,
    failed: '训练中断了',
    described: (steps, away) => (away === undefined ? '平面上的点，也就是数据；还没有训练过网络。' : `${number(steps)}步之后，生成的点平均离数据${away.toFixed(2)}。`),
    curve: (losses) => (losses.length ? `损失从${losses[0]!.toFixed(2)}到${losses.at(-1)!.toFixed(2)}。` : '还没有损失。'),
  },
  text: {
    title: '训练',
    lead: '网络怎样学会猜：把同一个小练习做上二十五万遍。',
    sections: [
      {
        heading: '一步',
        text: [
          '拿一张图片，任选一个噪声水平，抽一份[[noise|噪声]]掺进去，然后问：“是哪一份噪声？”噪声是我们自己抽的，所以知道真相，这个练习不需要老师。[[loss|损失]]是猜测与真相之差的平方。[[gradient|梯度]]说出1,785,345个权重各自要怎样动，损失才会变小，于是每个权重都朝那边动一点。这就是[[training|训练]]的一步。',
          '[选“亲手做一步”](training.view=step)，自己来做。每做一次留下一个点，点散得很开：单独一次的误差，说明不了网络好不好。所以一步取的是一个[[batch|批次]]的平均。[用80个数字](training.view=step&training.batch=80)，你每次都会落在记录的曲线附近。',
          '许多这样的步，合起来就是训练。[自己训练一个](training.view=plane)，就在你的浏览器里：用平面上的点代替图片，十秒就够。看着[[loss|损失]]降下来，看着网络生成的点各自就位。',
          '每次练习都是一下子走完全程。网络在训练中从没见过行走，它只学会在每个水平上猜得好。（这个软件包把损失写成*图片*的误差，并给每个水平一个权重，使各个水平大致同样重要。上一章已经看到，这是同一个练习。）',
        ],
        equations: [{ says: '损失：所猜噪声的平方误差，对图片、噪声水平和噪声取平均。' }],
      },
      {
        heading: '很平稳，因为没有对手',
        text: [
          '这只是普通的回归：固定的题目，固定的答案。你瞄准时，靶子不动。在[[GAN]]里，靶子会动。两个网络互相对抗，一方的好招要看另一方怎么走。如果其中一个赢得太多，另一个就没有什么可学的了。扩散没有对手，所以不需要两个网络之间的平衡。',
          '这里显示的，是这门课的模型的一次真实训练：14分钟，在一个还要跑其他程序的处理器核上。[从训练之前开始](training.view=run&training.show=samples&training.moment=0)，看完整个过程。再看[它的误差](training.view=run&training.show=error&training.moment=2)：每条带子是训练中的一个时刻。误差先在噪声多的地方降下来，那里的噪声一眼就看得到。在噪声少的地方，要晚一些才降。',
        ],
      },
      {
        heading: 'GAN和VAE，用同样的时间',
        text: [
          '另外有两种模型，只要一次[[call|调用]]就能从噪声造出图片，不用行走。[[VAE]]学着把每张图片压成几个数，再展开。要画图时，它就把随机数展开。拿不准的地方，它画平均，而平均总是模糊柔和的。[[GAN]]有一个伪造者和一个鉴别者。伪造者把噪声变成图片，鉴别者学着把它们和真图片分开，各自从对方的错误中进步。这场比赛里，没有什么要求伪造者画出*所有*种类的图片。',
          '[选“旁边放上GAN和VAE”](training.view=beside)。三个模型从同一个[[seed|种子]]出发，所以可以拿它们的图片来比。下面的表写着测了什么、得了多少：[[Fréchet distance|弗雷歇距离]]说的是图片整体上离真图片有多近，[[precision|精确率]]说的是有多少看起来像真的，[[recall|召回率]]和[[coverage|覆盖率]]说的是够到了多少真图片。数据不支持的论断，仍留在表里，写作*未得到证实*。',
        ],
      },
      {
        heading: '损失有底，变平不等于学完',
        text: [
          '不管训练多久，[带子](training.view=run&training.show=error&training.moment=10)都到不了零。一张带噪图片，可能来自许多干净图片。最佳猜测是它们的平均，对其中每一张都有一点错。这个底属于数据：完美的去噪器也有。对噪声来说，底在噪声少的地方最高。要从图片上读出微弱的噪声，你就得精确地知道图片本身。',
          '所以样本下面的曲线不好读。到最后，它的高度大部分是没有人能预测的东西。[8,000张图片之后](training.view=run&training.show=samples&training.moment=5)，也就是整个过程的3%，平均误差已经降了全部降幅的十分之九，其余看起来是平的。现在来看样本。那一刻，40个里有6个认不出是所要的数字。[从16,000张图片起](training.view=run&training.show=samples&training.moment=6)，最多只有一个认不出。而在没见过的图片的曲线上，这只是从0.153到0.137的一小步。**损失变平，不表示没有学到东西**。要看样本，还要逐个水平地看损失。',
        ],
        equations: [{ says: '没有哪个回答，能好过所有符合的噪声的平均；这些噪声散得多开，底就有多高。' }],
      },
      {
        heading: '取平均，以及什么时候停',
        text: [
          '每个批次都把权重往自己那边拉，所以最新的权重会抖动。画样本时用的是[[EMA]]，也就是最近一段训练中权重的平均。学到的留下来，抖动互相抵消。代价是再存一份权重。每个时刻的四十个样本，都是用它画的。',
          '应当什么时候停？这次训练[[held-out|留出]]了十分之一的数字。在它们上面，平均误差[在64,000到128,000张图片之后](training.view=run&training.show=error&training.set=held_out&training.moment=8)最低，是0.126。[到最后](training.view=run&training.show=error&training.set=held_out&training.moment=10)，它又*升*到了0.137。在训练用的图片上，它一直在降，降到0.094。从某个时刻起，网络开始把它的1,617个例子背下来。样本也看得出这一点：它们离训练图片越来越近，离留出的图片却几乎没有更近。这就是[[memorisation|记忆化]]。训练损失从不会告诉你，因为它只会下降。办法是增加数据，或者早点停。',
        ],
      },
    ],
  },
} satisfies Said<typeof english>
