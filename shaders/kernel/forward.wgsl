// y = f(x). Data moves as integers, so that no load or store can touch a NaN's payload.

fn run(i: u32) {
    store_y(i, after(activate(before(load_x(i), i), i), i));
}
