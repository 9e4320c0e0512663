export const site = {
  hero: {
    title: "A long talk in. Clips worth posting out.",
    text: "KangKlip listens to a whole video, finds the moments that stand on their own, and gives you one to five vertical clips with captions.",
    address: "Address of the video",
    submit: "Make clips",
    file: "or <link>choose a file from this device</link>",
  },
  sample: {
    label: "A talk and a clip that KangKlip made of it",
    talk: "The talk, {length}",
    clip: "The clip, {length}",
    frame: "What the clip shows of it",
    play: "Play the sample",
    pause: "Pause the sample",
    sound: "Sound on",
    mute: "Sound off",
    place: "Place in the clip",
    placeText: "{at} of {length}",
    chosen: "Taken from {start} to {end} of {length}",
    why: "Why this moment",
    score: "Score {score} of 100",
    honest:
      "Nothing here is touched up: KangKlip cut this from its own sample talk, which brings its subtitles along. The file itself is twice as wide and high.",
    fails: "The sample cannot be played in this browser.",
  },
  how: {
    title: "From an address to clips, without an editor in between",
    give: "You give it the talk",
    giveText:
      "An address of a video file, a stream or a page, or a file of your own. Choose how long the clips should be and how many you want.",
    listen: "It listens to all of it",
    listenText:
      "Every word gets its time. Passages that stand on their own are scored over the whole video, and the best that do not overlap are kept.",
    take: "You take the clips",
    takeText:
      "Vertical, framed on whoever speaks, captioned word by word and evened in loudness. Change a cut, a word or a frame, and it is made anew in seconds.",
    heard:
      "He had no degree and no friends at court. <mark>The man who solved it was a carpenter.</mark> He built clocks of wood.",
  },
  comes: {
    label: "What every clip comes as",
    picture: "Picture",
    pictureText: "1080 × 1920, H.264",
    sound: "Sound",
    soundText: "AAC, −14 LUFS",
    captions: "Captions",
    captionsText: "Burned in, and as SRT and VTT",
    length: "Length",
    lengthText: "30, 45 or 60 seconds",
  },
  price: {
    title: "What it costs",
    text: "KangKlip comes without prices. Whoever runs it for others can switch credits on; then these are the first prices, and the price page of each installation tells its own.",
    own: "On your own machine",
    ownPrice: "Nothing",
    ownText: "No account, no key, no watermark. Every clip is unlocked.",
    unlock: "Where credits are on: a clip",
    unlockPrice: "{credits, plural, one {# credit} other {# credits}} ({price})",
    unlockText:
      "You watch it before you pay. It is paid for once, with its subtitles, its cover and all later versions.",
    make: "Where the operator asks for it: making a job",
    makePrice: "{credits, plural, one {# credit} other {# credits}} ({price})",
    makeText: "It comes back when the job fails or is cancelled.",
    link: "Prices of this installation",
  },
  limits: {
    title: "What it will not do",
    text: "Better said here than found out later.",
    speech: "It follows speech. Music, sport and silent scenes have no moments that it could find.",
    words:
      "It mishears. Names and numbers most of all: read the captions before you post. You can put each word right.",
    picture: "It frames faces and turns. A slide full of small print stays small on a phone.",
    post: "It does not post for you, write in your name, or add pictures that were not in the talk.",
    speed:
      "It is as fast as the machine it runs on: a laptop may need as long as the talk lasts, a GPU a small part of that.",
  },
  faq: {
    title: "Before you paste",
    cost: "What does it cost?",
    costText:
      "On an installation without credits, nothing: every clip is unlocked. An operator can switch credits on; then the price page says what a job and a clip cost, and a job that fails keeps no fee.",
    where: "Where does my video go?",
    whereText:
      "To the machine KangKlip runs on. With the default set-up that machine fetches, hears, chooses and renders by itself. If its operator connects a language model, the words of candidate passages are sent there to be ranked, never the video. Clips are opened with a token that only your browser was given, by links that run out.",
    length: "How long may the video be?",
    lengthText:
      "The form shows this installation's limit; it is 4 hours unless its operator changed it. Clips are cut between words, so they may be a little shorter or longer than the 30, 45 or 60 seconds you ask for, and never over 60.",
    languages: "Which languages work?",
    languagesText:
      "You can name one of {count} languages, or leave it to the speech recogniser to hear which is spoken. How well a language is heard depends on the model the installation has. Where subtitles come with the video, they are used.",
    addresses: "Which addresses can I paste?",
    addressesText:
      "Video files, HLS and DASH streams, and, where yt-dlp is installed, the page of a video on the sites it knows. Use what you have the right to use.",
    fails: "What if it fails?",
    failsText:
      "The job's page says what happened, in which stage, and what to do about it. You can close the page at any time: the work goes on, and the address brings you back to it.",
  },
  about: {
    title: "About",
    lead: "In Java, “kang” goes before the name of somebody who is good at one thing. This one cuts clips.",
    what: "KangKlip takes the address of a long video, or a file, and makes one to five vertical clips of 30, 45 or 60 seconds. Six stages do the work, and you can watch each of them: download, transcript, chunk, select, render, upload.",
    where:
      "It runs on a laptop, on a GPU of your own or on a rented one; the page you are looking at is the same for all of them. What is chosen does not depend on a language model: one may be asked to rank and to title, but it can never decide where a cut is made.",
    api: "Programs use the same API as this page. Its description is at <api>/api/docs</api>. To see it work, <make>make some clips</make>.",
  },
  legal: {
    title: "Legal",
    lead: "Who answers for this page, and what it keeps about you.",
    who: "Who runs this",
    whoText:
      "KangKlip is a program that anybody can run. The person or company whose address is in your browser's address bar runs this installation, and is the one to ask about it.",
    kept: "What is kept",
    keptBrowser:
      "In your browser: the token of each job you start, so that you can come back to it, what you last chose in the form, the look you chose, and, in a cookie that says nothing else, the language you chose. No tracking.",
    keptCredits:
      "Where credits are on, also in your browser: the name of the wallet you used last, and a payment that is under way. That you are signed in is kept by the open page alone. On the server: which wallet a job belongs to and what it paid for. Payments are on a public chain, for anybody to see.",
    keptServer:
      "On the server: the address or file name you gave, the clips with their transcript, and a log of what was asked and how it went. Tokens and signatures are left out of the log.",
    nothingElse: "This page loads nothing from anywhere else: fonts, pictures and scripts all come with it.",
    fonts: "Fonts",
    fontsText: "Text is set in Geist, under the SIL Open Font License 1.1.",
  },
  terms: {
    title: "Terms",
    lead: "Short, because KangKlip is software that somebody runs: these are the terms it comes with.",
    videos: "Your videos",
    videosText:
      "Give only what you have the right to use. You stay the owner of your video and of every clip made from it. Respect the terms of the site that an address leads to.",
    clips: "Your clips",
    clipsText:
      "A clip is chosen and captioned by machines, which mishear words and miss context. Watch it before you post it: what you publish is yours to answer for.",
    credits: "Credits",
    creditsText:
      "Where credits are on, they are bought from your own wallet, do not run out, and are not paid back. A clip is paid for once. A job that fails or is cancelled keeps no fee.",
    service: "The service",
    serviceText:
      "It comes as it is, without a promise that it is always there. Whoever runs this installation may have terms of their own, which then come before these.",
  },
};
