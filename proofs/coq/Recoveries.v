(** T-REACH-D, from a claim to its trajectories: where a step takes boxes, part by part of the domain
    ([Pieces.v]), and that trajectories from shown cells reach the target in time, and return to it.  In
    words: [proofs/theory/T-REACH-D.md]. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Floats Arith Wf_nat.
From Certify Require Import Language Intervals Arithmetic Bounds Rationals Models Programs Decisions Bisection Tree Coordinates Claims SafetyClaim
  ExtensionClaim RecoveryClaim Pavings Crossings Cases Pieces.
Import ListNotations.
Local Open Scope R_scope.

(* Inside Coq both sides of [&&] are computed: where that is long, this is the same. *)
Local Notation "a &&& b" := (if a then b else false) (at level 40, left associativity).

(** ** What the kernel computes of a claim, once for all cells *)

(** A side of a part, rounded outward, and whether its ends are left out. *)
Record seam := Seam { extent : interval; without_least : bool; without_most : bool }.
Definition seam_of (s : side) : seam := Seam (interval_of (least s, most s)) (open_least s) (open_most s).
Record piece := Piece { seams : list seam; within_piece : pace }.
Record pursuit := Pursuit
  { pieces : list piece;
    borders : list (interval * interval);              (* the ends of the sides of the domain *)
    spots : lookup;
    arrived : nat -> list interval -> bool;            (* the box is in the target *)
    elsewhere : nat -> list interval -> bool;          (* the box has no initial states *)
    again : option nat }.

Definition piece_of (names : nat) (s : system) (part : list side * (list (node Q) * list nat)) : piece :=
  let n := length (bounds s) in
  let (b, r) := part in
  Piece (map seam_of (firstn n b)) (pace_of names (System (hull (firstn n b)) (hull (skipn n b)) (fst r) (snd r))).
Definition pieces_of (names : nat) (s : system) : list piece :=
  map (piece_of names s) (parts_of s (bounds s)).
Definition pursuit_of (names : nat) (c : recovery_claim) : pursuit :=
  let s := steered c in
  let n := length (bounds s) in
  let targets := map (fun p => tried_program (p ++ [Neg 0])) (target c) in
  let starts := map tried_program (starting c) in
  Pursuit (pieces_of names s) (walls_of (bounds s)) (lookup_of (room_of c))
    (fun degree b => forallb (fun p => shows n p (Nonnegative 0) degree b) targets)
    (fun degree b => existsb (fun p => shows n p (Positive 0) degree b) starts)
    (away c).

(** ** Steps *)

Definition outside (s : seam) (x : interval) : bool :=
  is_lt (high x) (low (extent s)) || is_lt (high (extent s)) (low x) ||
  (without_least s && not_before (high x) (low (extent s))) || (without_most s && not_before (high (extent s)) (low x)).
(** What of the box [b] is in the part, if anything is. *)
Fixpoint overlap (l : list seam) (b : list interval) : option (list interval) :=
  match l, b with
  | s :: l', x :: b' =>
    if outside s x then None
    else match overlap l' b' with Some r => Some (meet (extent s) x :: r) | None => None end
  | _, _ => Some []
  end.
Definition image (p : pace) (degree : nat) (b : list interval) : option (list interval) :=
  match variables degree 0 b with
  | Some x => match moved p degree (length b) x with Some (_, y) => Some (map reached y) | None => None end
  | None => None
  end.

Section Steps.
Variable o : pursuit.

(** Whether all trajectories from the box are in cells, after at most [hops] steps, from which not more
    steps are left than of [left], and in the domain until then. *)
Fixpoint goes (degree hops left : nat) (b : list interval) : bool :=
  match hops, left with
  | S h, S l =>
    forallb (fun p =>
      match overlap (seams p) b with
      | None => true
      | Some c =>
        match image (within_piece p) degree c with
        | Some y => stays_within (borders o) y &&& (if soon (spots o) y l then true else goes degree h l y)
        | None => false
        end
      end) (pieces o)
  | _, _ => false
  end.
Definition steps_for (t : nat) : option nat :=
  match t with O => option_map S (again o) | S _ => Some t end.
Definition recovers (deeper hops degree : nat) (c : list (Q * Q) * option nat) : bool :=
  let b := map interval_of (fst c) in
  match snd c with
  | None => close (elsewhere o) b deeper degree b
  | Some t =>
    (match t with O => close (arrived o) b deeper degree b | S _ => true end) &&&
    match steps_for t with
    | Some count => close (fun degree => goes degree hops count) b deeper degree b
    | None => true
    end
  end.
End Steps.

(** The kept cells with their times; the others too, if there is an initial set. *)
Definition cells_to_show (c : recovery_claim) : list (list (Q * Q) * option nat) :=
  cells_before (match starting c with [] => false | _ => true end) (room_of c) (bounds (steered c)) [].
Definition roomy (c : recovery_claim) : bool := laid (bounds (steered c)) (room_of c) (deadline c) (room_size c).

(** ** Soundness *)

Lemma overlap_ok b : forall sides x, inside_box sides x -> Forall2 contains b x ->
  exists r, overlap (map seam_of sides) b = Some r /\ Forall2 contains r x.
Proof.
  induction b as [|i b IH]; intros sides x I F; inversion F as [|? v ? x' C F']; subst; inversion I as [|s ? sides' ? [Sl Su] I']; subst; simpl.
  - now exists [].
  - destruct (IH sides' x' I' F') as [r [-> R]].
    assert (W : within (least s, most s) v) by (split; simpl; eapply beyond_weak; eauto).
    apply interval_of_ok in W.
    assert (O : outside (seam_of s) i = false).
    { unfold outside. cbn [seam_of extent without_least without_most].
      destruct (is_lt (high i) _) eqn:A; [destruct (apart _ _ _ A C W)|].
      destruct (is_lt _ (low i)) eqn:A'; [destruct (apart _ _ _ A' W C)|]. cbn [orb].
      destruct (open_least s && _) eqn:D.
      { apply andb_prop in D. destruct D as [D1 D2]. rewrite D1 in Sl. simpl in Sl.
        apply (not_before_ok i (enclose (least s)) v (Q2R (least s))) in D2; auto; [lra|apply enclose_ok]. }
      destruct (open_most s && _) eqn:D'; [|reflexivity].
      apply andb_prop in D'. destruct D' as [D1 D2]. rewrite D1 in Su. simpl in Su.
      apply (not_before_ok (enclose (most s)) i (Q2R (most s)) v) in D2; auto; [lra|apply enclose_ok]. }
    rewrite O. eexists. split; [reflexivity|]. constructor; auto. now apply meet_ok.
Qed.

(** Every state, with parameters and disturbances, is in a part, where the loop is the whole loop. *)
Lemma in_some_piece names s x w : in_box (bounds s) x -> allowed s w -> exists p sides s',
  In p (pieces_of names s) /\ seams p = map seam_of sides /\ inside_box sides x /\
  within_piece p = pace_of names s' /\ allowed s' w /\ next s' x w = next s x w.
Proof.
  intros X [W T]. destruct (part_ok s (bounds s) x w X W) as [b [r [I J]]].
  pose proof (part_next s (bounds s) b r x w I J) as Eq.
  pose proof (as_long _ _ _ X) as L. apply Forall2_app_inv_r in J. destruct J as [b1 [b2 [J1 [J2 ->]]]].
  pose proof (as_long _ _ _ J1) as L1. assert (N : length (bounds s) = length b1) by congruence.
  exists (piece_of names s (b1 ++ b2, r)), b1, (System (hull b1) (hull b2) (fst r) (snd r)).
  split; [now apply in_map|]. unfold piece_of. rewrite N, firstn_app, firstn_all, skipn_app, skipn_all, Nat.sub_diag.
  cbn [firstn skipn app seams within_piece]. rewrite app_nil_r. split; auto. split; auto. split; auto. split.
  - split; auto. now apply hull_ok.
  - apply Eq.
Qed.
Lemma image_ok names s degree b y x w : image (pace_of names s) degree b = Some y -> Forall2 contains b x -> allowed s w ->
  exists z, next s x w = Some z /\ Forall2 contains y z.
Proof.
  unfold image. intros E C A. destruct (variables degree 0 b) as [ms|] eqn:V; [|discriminate].
  destruct (moved (pace_of names s) degree (length b) ms) as [[k ys]|] eqn:M; [|discriminate]. inversion E; subst.
  destruct (placed_exists b 0 x C) as [z [Z P]].
  destruct (moved_ok names s degree (length b) ms k ys x w z Z) as [z1 [u [Z1 [N R]]]]; auto.
  { intros z' G Z'. apply (variables_ok degree z' b Z' 0); auto. now apply (placed_agree z). }
  exists u. split; auto. apply (reached_ok z1); auto. apply R; auto. intros i _. reflexivity.
Qed.

Lemma state_later s w x y j : state s w x j = Some y -> forall k,
  state s w x (j + k) = state s (fun i => w (j + i)%nat) y k.
Proof.
  intros E. induction k as [|k IH]; [now rewrite Nat.add_0_r|]. rewrite Nat.add_succ_r. cbn [state]. now rewrite IH.
Qed.

Section Sound.
Variables (names : nat) (c : recovery_claim).
Notation s := (steered c).
Notation B := (bounds s).
Notation cells := (kept (room_of c) B).
Notation o := (pursuit_of names c).
Notation later w j := (fun i => w (j + i)%nat).
Notation always w := (forall k, allowed s (w k)).
Hypothesis is_fair : fair (room_of c) B = true.
Hypothesis shown : forall cell, In cell (cells_to_show c) ->
  exists deeper hops degree, recovers o deeper hops degree cell = true.

(** The state [y] after [k] steps, those before it being in the domain. *)
Definition passes (w : nat -> variation) (x : list R) (k : nat) (y : list R) : Prop :=
  state s w x k = Some y /\ forall i, (i <= k)%nat -> in_domain c w x i.
Definition in_cell (y : list R) (t : nat) : Prop := exists b, In (b, t) cells /\ in_box b y.

Lemma passes_on w x j y k z : passes w x j y -> passes (later w j) y k z -> passes w x (j + k) z.
Proof.
  intros [E I] [E' I']. split; [now rewrite (state_later s w x y j E)|]. intros i L.
  destruct (Nat.le_gt_cases i j) as [G|G]; auto. destruct (I' (i - j)%nat) as [u [U X]]; [lia|].
  exists u. split; auto. rewrite <- U, <- (state_later s w x y j E). f_equal. lia.
Qed.
Lemma target_later w x j y k : state s w x j = Some y -> in_target c (later w j) y k -> in_target c w x (j + k).
Proof. intros E [u [U X]]. exists u. split; auto. now rewrite (state_later s w x y j E). Qed.

Lemma goes_ok degree : forall hops left b x w, goes o degree hops left b = true -> Forall2 contains b x -> in_box B x ->
  always w -> exists k y t, (1 <= k)%nat /\ passes w x k y /\ in_cell y t /\ (t + k <= left)%nat.
Proof.
  induction hops as [|h IH]; intros [|l] b x w H C X A; cbn [goes] in H; try discriminate.
  destruct (in_some_piece names s x (w O) X (A O)) as [p [sides [s' [I [Sp [J [Pp [A' N]]]]]]]].
  rewrite forallb_forall in H. specialize (H p I). rewrite Sp in H. destruct (overlap_ok b sides x J C) as [b' [Eo C']]. rewrite Eo in H.
  destruct (image (within_piece p) degree b') as [y|] eqn:Ei; [|discriminate]. rewrite Pp in Ei.
  destruct (image_ok names s' degree b' y x (w O) Ei C' A') as [z [Nz Cz]]. rewrite N in Nz.
  destruct (stays_within (borders o) y) eqn:S; [|discriminate].
  assert (Z : in_box B z) by (now apply (stays_within_ok B y)).
  assert (One : passes w x 1 z).
  { split; [exact Nz|]. intros [|[|i]] L; [exists x; auto|exists z; auto|lia]. }
  destruct (soon (spots o) y l) eqn:Sn.
  - destruct (soon_ok (room_of c) B y l z Sn Cz is_fair Z) as [d [t [Id [Xd Lt]]]].
    exists 1%nat, z, t. split; auto. split; auto. split; [now exists d|lia].
  - destruct (IH l y z (later w 1) H Cz Z) as [k [u [t [K [P [D Lt]]]]]]; [intros k; apply A|].
    exists (1 + k)%nat, u, t. split; [lia|]. split; [now apply (passes_on w x 1 z)|]. split; auto. lia.
Qed.

(** What is shown of a cell. *)
Lemma cell_shown b t x : In (b, t) cells -> in_box b x -> in_box B x ->
  (t = O -> zone s (target c) x) /\ (forall left w, steps_for o t = Some left -> always w ->
    exists k y u, (1 <= k)%nat /\ passes w x k y /\ in_cell y u /\ (u + k <= left)%nat).
Proof.
  intros I Xb X. destruct (shown (b, Some t)) as [deeper [hops [degree H]]].
  { now apply kept_before. }
  unfold recovers in H. cbn [fst snd] in H. apply boxes_ok in Xb. split.
  - intros ->. destruct (close (arrived o) _ deeper degree _) eqn:K; [|discriminate]. split; auto. intros p Ip.
    refine (close_ok (arrived o) (map interval_of b) (fun y => exists v, value_of_program p y = Some v /\ v <= 0) _ deeper degree _ K x Xb).
    intros d b' G y Y. cbn [arrived pursuit_of] in G. rewrite forallb_forall in G.
    specialize (G _ (in_map _ _ _ Ip)). apply (shows_ok _ _ _ _ _ y) in G; auto.
    assert (App : forall q q' e, run y unchosen (q ++ q') e = run y unchosen q' (run y unchosen q e)) by (induction q; intros; simpl; auto).
    rewrite App in G. unfold value_of_program. fold unchosen. set (e := run y unchosen p []) in *.
    cbn [run evaluate nth truth] in G. destruct G as [v [G P]].
    destruct e as [|[|a l] e']; try discriminate. cbn in G. inversion G as [G1]. destruct a as [u|]; [|discriminate].
    simpl in G1. inversion G1; subst. exists u. split; auto. lra.
  - intros left w E A. rewrite E in H.
    destruct (match t with O => _ | S _ => true end); [|discriminate].
    refine (close_ok (fun degree => goes o degree hops left) (map interval_of b) (fun y => in_box B y -> forall w, always w ->
      exists k z u, (1 <= k)%nat /\ passes w y k z /\ in_cell z u /\ (u + k <= left)%nat) _ deeper degree _ H x Xb X w A).
    intros d b' G y Y Yb v Av. now apply (goes_ok d hops left b').
Qed.

Lemma passed_in_domain w x k y : passes w x k y -> in_box B y.
Proof. intros [E I]. destruct (I k (le_n k)) as [u [U X]]. congruence. Qed.

Lemma arrival : forall t x w, in_cell x t -> in_box B x -> always w ->
  exists k y, (k <= t)%nat /\ passes w x k y /\ in_cell y 0.
Proof.
  induction t as [t IH] using (well_founded_induction lt_wf). intros x w [b [I Xb]] X A. destruct t as [|t].
  - exists O, x. split; auto. split; [|now exists b]. split; [reflexivity|]. intros [|i] L; [exists x; auto|lia].
  - destruct (cell_shown b (S t) x I Xb X) as [_ G].
    destruct (G (S t) w eq_refl A) as [k [y [u [K [P [D L]]]]]].
    destruct (IH u ltac:(lia) y (later w k) D (passed_in_domain w x k y P)) as [j [z [J [Q Z]]]]; [intros i; apply A|].
    exists (k + j)%nat, z. split; [lia|]. split; auto. now apply (passes_on w x k y).
Qed.

Lemma in_target_at w x k y : passes w x k y -> in_cell y 0 -> in_target c w x k.
Proof.
  intros P [b [I Yb]]. exists y. split; [apply P|]. apply (cell_shown b 0 y I Yb (passed_in_domain w x k y P)). reflexivity.
Qed.

Section Return.
Variable a : nat.
Hypothesis returned : away c = Some a.
Lemma comes_back x w : in_cell x 0 -> in_box B x -> always w ->
  exists k y, (1 <= k <= a + 1)%nat /\ passes w x k y /\ in_cell y 0.
Proof.
  intros [b [I Xb]] X A. destruct (cell_shown b 0 x I Xb X) as [_ G].
  destruct (G (S a) w) as [k [y [u [K [P [D L]]]]]]; auto.
  { unfold steps_for. cbn [again pursuit_of]. now rewrite returned. }
  destruct (arrival u y (later w k) D (passed_in_domain w x k y P)) as [j [z [J [Q Z]]]]; [intros i; apply A|].
  exists (k + j)%nat, z. split; [lia|]. split; auto. now apply (passes_on w x k y).
Qed.
Lemma for_ever : forall n x w, in_cell x 0 -> in_box B x -> always w ->
  in_domain c w x n /\ exists j, (n <= j <= n + a)%nat /\ in_target c w x j.
Proof.
  induction n as [n IH] using (well_founded_induction lt_wf). intros x w D X A.
  destruct n as [|n].
  { split; [exists x; auto|]. exists O. split; [lia|]. apply (in_target_at w x 0 x); auto.
    split; [reflexivity|]. intros [|i] L; [exists x; auto|lia]. }
  destruct (comes_back x w D X A) as [k [y [K [P E]]]]. destruct (Nat.le_gt_cases (S n) k) as [L|L].
  - split; [now apply P|]. exists k. split; [lia|]. now apply (in_target_at w x k y).
  - destruct (IH (S n - k)%nat ltac:(lia) y (later w k) E (passed_in_domain w x k y P)) as [[u [U Xu]] [j [J T]]]; [intros i; apply A|].
    split.
    + exists u. split; auto. rewrite <- U, <- (state_later s w x y k (proj1 P)). f_equal. lia.
    + exists (k + j)%nat. split; [lia|]. now apply (target_later w x k y j (proj1 P)).
Qed.
End Return.

Lemma starts_are_kept : starting c <> [] -> forall x, zone s (starting c) x -> exists b t, In (b, t) cells /\ in_box b x.
Proof.
  intros N x [X Z]. destruct (in_some_cell (room_of c) B x is_fair X) as [K|[b [I Xb]]]; auto. exfalso.
  destruct (shown (b, None)) as [deeper [hops [degree H]]].
  { unfold cells_to_show. destruct (starting c); [congruence|]. now apply dropped_before. }
  unfold recovers in H. cbn [fst snd] in H. apply boxes_ok in Xb.
  assert (G : exists p v, In p (starting c) /\ value_of_program p x = Some v /\ 0 < v).
  { refine (close_ok (elsewhere o) (map interval_of b) (fun y => exists p v, In p (starting c) /\ value_of_program p y = Some v /\ 0 < v) _ deeper degree _ H x Xb).
    intros d b' G y Y. cbn [elsewhere pursuit_of] in G. apply existsb_exists in G. destruct G as [st [J G]].
    apply in_map_iff in J. destruct J as [p [<- J]]. apply (shows_ok _ _ _ _ _ y) in G; auto. destruct G as [v [G P]].
    exists p, v. split; auto. split; auto. unfold value_of_program. fold unchosen. destruct (run y unchosen p []) as [|r e]; [discriminate|].
    simpl in *. now rewrite G. }
  destruct G as [p [v [Ip [E P]]]]. destruct (Z p Ip) as [u [U L]]. rewrite E in U. inversion U. lra.
Qed.
End Sound.

(** If cells are laid out as stated, and every one is shown, the claim holds. *)
Theorem recovered_if_shown names c : roomy c = true -> (forall cell, In cell (cells_to_show c) ->
  exists deeper hops degree, recovers (pursuit_of names c) deeper hops degree cell = true) -> recovered c.
Proof.
  intros R H. destruct (laid_ok _ _ _ _ R) as [P F].
  assert (D : forall b t x, In (b, t) (kept (room_of c) (bounds (steered c))) -> in_box b x -> in_box (bounds (steered c)) x).
  { intros b t x I X. apply (part_of_in b); auto. now apply (cells_inside _ _ _ _ P b t). }
  assert (Reach : forall b t x w, In (b, t) (kept (room_of c) (bounds (steered c))) -> in_box b x ->
    (forall k, allowed (steered c) (w k)) -> exists k y, (k <= t)%nat /\ passes c w x k y /\ in_cell c y 0).
  { intros b t x w I X A. apply (arrival names c F H t x w); auto; [now exists b|now apply (D b t)]. }
  constructor; auto.
  - now apply (starts_are_kept names c F H).
  - intros b t x w I X A. destruct (Reach b t x w I X A) as [k [y [L [K Y]]]]. exists k. split; auto. split; [|apply K].
    now apply (in_target_at names c F H w x k y).
  - intros a E b t x w I X A. destruct (Reach b t x w I X A) as [k [y [L [K Y]]]].
    pose proof (passed_in_domain c w x k y K) as Yb.
    assert (On : forall n, in_domain c w x (k + n) /\ exists j, (k + n <= j <= k + n + a)%nat /\ in_target c w x j).
    { intros n. destruct (for_ever names c F H a E n y (fun i => w (k + i)%nat) Y Yb (fun i => A _)) as [[u [U Xu]] [j [J T]]]. split.
      - exists u. split; auto. now rewrite (state_later _ w x y k (proj1 K)).
      - exists (k + j)%nat. split; [lia|]. now apply (target_later c w x k y j (proj1 K)). }
    split; [|exists k; split; [auto|split; [now apply (in_target_at names c F H w x k y)|]]].
    + intros i. destruct (Nat.le_gt_cases i k) as [G|G]; [now apply K|].
      replace i with (k + (i - k))%nat by lia. apply On.
    + intros i G. destruct (On (i - k)%nat) as [_ [j [J T]]]. exists j. split; auto. lia.
Qed.
