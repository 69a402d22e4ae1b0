/* served - whose answer it was: the service of a pod, by what /topology and the events told of pods and paths. No DOM here. */

export class Pods {
    #services = new Map(); /* pod -> service */
    #paths = new Map();    /* /orders -> service */
    #names = [];

    learn(services) {
        this.#names = services.map((service) => service.name);
        for (const { name, pods, collections } of services) {
            (pods ?? []).forEach(({ pod }) => this.#services.set(pod, name));
            (collections ?? []).forEach(({ path }) => this.#paths.set(path, name));
        }
    }

    /* The gateway answers in a service's stead when that one is away: then the pod says so, whatever the path. */
    serviceOf(pod, path = '') {
        return this.#services.get(pod) ?? this.#byName(pod) ?? this.#paths.get(`/${path.split(/[/?]/)[1]}`) ?? null;
    }

    #byName(pod) {
        return this.#names.find((name) => pod === name || pod?.startsWith(`${name}-`));
    }
}
