"""pipeline - from git push to a pod: a row for each image, with its CodeBuild project, its repository and what is applied of it."""
from . import sources
from .canvas import Canvas, Card
from .words import title, words

COLUMNS = (196, 348, 248, 248)                                  # source, CodeBuild, ECR, EKS
GAP, ROW_GAP, INSIDE = 60, 12, 16
# what pipeline.sh does in a step
STEPS = {
    "tools": ("kubectl과 kustomize 설치 (버전 고정, 체크섬 확인)", "fetches kubectl and kustomize, pinned, with their checksums"),
    "login": ("ECR 로그인, EKS kubeconfig 설정", "logs in to ECR and to the cluster"),
    "image": ("이미지 빌드 (빌드 중에 단위 테스트 실행), 커밋 ID를 태그로 푸시",
              "builds the image, which runs the unit tests, and pushes it under the commit's id"),
    "deploy": ("다이제스트로 배포하고 대기. Ready가 되지 않으면 되돌리고 실패 처리",
               "applies it by digest and waits; if it does not become ready, undoes it and fails"),
}


def by_push(properties):
    return "FILE_PATH" in str(properties.get("Triggers"))


def step_of(command):
    """The word behind pipeline.sh."""
    word = command.rpartition(" ")[2]
    if "pipeline.sh" not in command or word not in STEPS:
        raise sources.Wrong("buildspec: %r is no step of pipeline.sh that the picture knows: STEPS in scripts/picture/pipeline.py" % command)
    return word


def phases_of_all(projects):
    """They are the same in each."""
    found = {name: [(phase, [step_of(command) for command in commands]) for phase, commands in sources.phases(name)] for name in projects}
    first = next(iter(found.values()))
    for name, phases in found.items():
        if phases != first:
            raise sources.Wrong("buildspec/%s.yml has other phases than the others: %s" % (name, phases))
    return first


def starts(project, properties, language):
    """What starts its build."""
    w = words(language)
    return (w("%s/, common/, deploy/k8s/ 변경 시 시작" % project, "by a change of %s/, common/, deploy/k8s/" % project)
            if by_push(properties) else w("명령으로만 시작", "by a command only"))


def ends(project, language):
    """(what becomes of the image, its card)"""
    w = words(language)
    kind = "Pod" if project == "siege" else "" if project == "mallctl" else "Deployment"
    full = "siege" if kind == "Pod" else sources.prefix() + project
    if kind:
        return Card("aggregate", ("note", kind), ("strong", full), deploys=project)
    return Card("heard", ("note", w("푸시만: Job이 사용", "pushed only: jobs take it")), ("strong", "components/efs"), deploys=project)


def draw(_, language):
    w = words(language)
    projects, repositories = sources.projects(), sources.repositories()
    if sorted(projects) != sorted(repositories):
        raise sources.Wrong("projects %s, repositories %s" % (sorted(projects), sorted(repositories)))
    prefix, parameters = sources.prefix(), sources.pipelines()["Parameters"]
    x_of, x = [], Canvas.MARGIN + INSIDE
    for width in COLUMNS:
        x_of.append(x)
        x += width + GAP
    width = x - GAP + INSIDE + Canvas.MARGIN
    canvas = Canvas(width, *title("pipeline", language))

    phases = phases_of_all(projects)
    space = width - 2 * (canvas.MARGIN + INSIDE)
    each = (space - 28 * (len(phases) - 1)) / len(phases)
    said = lambda steps: [line for step in steps for line in (("code", "pipeline.sh " + step), ("note", STEPS[step][language == "en"]))]
    cards = [Card("policy", ("strong", phase), *said(steps), top=True, phase=phase) for phase, steps in phases]
    high = max(card.height(each) for card in cards)
    y = canvas.begin
    canvas.frame("frame", canvas.MARGIN, y, width - 2 * canvas.MARGIN, canvas.HEADING + high + INSIDE,
                 w("빌드 한 번의 단계", "The phases of a build"), "buildspec/*.yml")
    places = [card.put(canvas, canvas.MARGIN + INSIDE + at * (each + 28), y + canvas.HEADING, each, high) for at, card in enumerate(cards)]
    for one, next_one in zip(places, places[1:]):
        canvas.line(one.right, next_one.left)
    canvas.close()
    y += canvas.HEADING + high + INSIDE + 28

    rows = []
    for project, properties in projects.items():
        rows.append((Card("command", ("strong", prefix + project), ("note", starts(project, properties, language)), project=project),
                     Card("read", ("strong", prefix + project), ("note", w("태그: 커밋 ID", "tag: the commit's id")), repository=project),
                     ends(project, language)))
    heights = [max(card.height(COLUMNS[at + 1]) for at, card in enumerate(row)) for row in rows]
    total = sum(heights) + ROW_GAP * (len(rows) - 1)
    top = y + canvas.HEADING
    heads = (w("소스", "Source"), "CodeBuild", "ECR", "EKS")
    for at, head in enumerate(heads):
        canvas.frame("frame", x_of[at] - INSIDE, y, COLUMNS[at] + 2 * INSIDE, canvas.HEADING + total + INSIDE, head)
        canvas.close()
    push = Card("actor", ("strong", "git push"), ("note", w("브랜치 ", "branch ") + parameters["Branch"]["Default"]), align="middle")
    hub = Card("external", ("strong", "GitHub"), ("note", w("CodeConnections 웹훅", "webhook by CodeConnections")), align="middle")
    inner = COLUMNS[0]
    first = push.put(canvas, x_of[0], top + total / 2 - push.height(inner) - 20, inner)
    second = hub.put(canvas, x_of[0], top + total / 2 + 20, inner)
    canvas.line(first.bottom, second.top)
    trunk = x_of[0] + COLUMNS[0] + GAP / 2
    at, middles = top, []
    for row, high in zip(rows, heights):
        places = [card.put(canvas, x_of[column + 1], at, COLUMNS[column + 1], high) for column, card in enumerate(row)]
        for one, next_one in zip(places, places[1:]):
            canvas.line(one.right, next_one.left)
        if by_push(projects[row[0].data["project"]]):
            middles.append(places[0].left[1])
            canvas.line((trunk, middles[-1]), places[0].left)
        at += high + ROW_GAP
    canvas.line((trunk, min(middles[0], second.right[1])), (trunk, max(middles[-1], second.right[1])), arrow=False)
    canvas.line(second.right, (trunk, second.right[1]), arrow=False)
    return canvas.svg(top + total + INSIDE + canvas.MARGIN)
