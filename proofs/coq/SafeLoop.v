(** T-SAFE-D and T-SAFE-C, from a claim to its trajectories or solutions.

    [safe_obligations] and [safe_flow_obligations] make all obligations; if all of them hold, so does the
    claim. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Tree Compact Theorems Stability Curves Invariance ContinuousTime ContinuousSets
  Barriers DiscreteTime Claims SafetyClaim Scalars Inline Merging Arranging Walks Rays ExactValues Quotients Along Moves FallProgram Wishes Continuity
  Choices Tangents FlowProgram.
Import ListNotations.
Local Open Scope R_scope.

(** ** Functions of the state as operations *)

Definition placed_function (xs : list nat) (zero : nat) (f : list (node Q)) (s : list operation)
  : option (list operation * nat) :=
  match scalars f [] [] with
  | Some (vs, vtab) =>
    match hd_error (hd [] vtab) with
    | Some v =>
      if Nat.ltb v (length vs) then
        match moves (map (fun x => Move x zero) xs) zero vs s with
        | Some (s', es) => Some (s', before (move_at es v))
        | None => None
        end
      else None
    | None => None
    end
  | None => None
  end.
Fixpoint placed_functions (xs : list nat) (zero : nat) (fs : list (list (node Q))) (s : list operation)
  : option (list operation * list nat) :=
  match fs with
  | [] => Some (s, [])
  | f :: fs' =>
    match placed_function xs zero f s with
    | Some (s1, j) =>
      match placed_functions xs zero fs' s1 with Some (s2, js) => Some (s2, j :: js) | None => None end
    | None => None
    end
  end.

Section Placed.
Variables (xs : list nat) (zero : nat) (x : list R) (u : nat -> R).
Definition states_at (s : list operation) : Prop := (zero < length s)%nat /\
  forall i j, nth_error xs i = Some j -> (j < length s)%nat /\ get (values x u s) j = nth_error x i.

Lemma states_more s s' : extends s s' -> states_at s -> states_at s'.
Proof.
  intros X [L H]. pose proof (extends_length _ _ X). split; [lia|]. intros i j E. destruct (H i j E) as [A B].
  split; [lia|]. now rewrite (get_extends x u s s').
Qed.
Lemma placed_function_ok f s s' j : placed_function xs zero f s = Some (s', j) -> states_at s ->
  extends s s' /\ (j < length s')%nat /\ get (values x u s') j = value_of_program f x.
Proof.
  unfold placed_function. intros E [L H]. destruct (scalars f [] []) as [[vs vtab]|] eqn:Es; [|discriminate].
  destruct (hd_error (hd [] vtab)) as [v|] eqn:Ev; [|discriminate].
  destruct (Nat.ltb_spec v (length vs)) as [Lv|]; [|discriminate].
  destruct (moves _ zero vs s) as [[s1 es]|] eqn:Em; [|discriminate]. inversion E; subst; clear E.
  destruct (places_ok _ _ x u x u _ _ _ _ Em) as [X [Le He]].
  { intros i e Ei. rewrite nth_error_map in Ei. destruct (nth_error xs i) as [a|] eqn:Ea; [|discriminate].
    simpl in Ei. inversion Ei; subst e. destruct (H i a Ea). constructor; auto. }
  destruct (He v) as [H1 _ H3]; [lia|]. split; auto. split; auto. rewrite H3. unfold value_of_program.
  destruct (scalars_ok x (fun _ _ => 0) u f [] [] vs vtab [] Es (Forall2_nil _)) as [_ Re].
  rewrite (represents_hd _ _ _ _ _ Re). destruct (hd [] vtab); inversion Ev; subst; reflexivity.
Qed.
Lemma placed_functions_ok fs : forall s s' js, placed_functions xs zero fs s = Some (s', js) -> states_at s ->
  extends s s' /\ Forall2 (fun f j => (j < length s')%nat /\ get (values x u s') j = value_of_program f x) fs js.
Proof.
  induction fs as [|f fs IH]; intros s s' js E H; simpl in E.
  - inversion E; subst. split; [apply extends_refl|constructor].
  - destruct (placed_function xs zero f s) as [[s1 j]|] eqn:E1; [|discriminate].
    destruct (placed_functions xs zero fs s1) as [[s2 js2]|] eqn:E2; [|discriminate]. inversion E; subst; clear E.
    destruct (placed_function_ok f s s1 j E1 H) as [X1 [L1 V1]].
    destruct (IH _ _ _ E2 (states_more _ _ X1 H)) as [X2 F]. pose proof (extends_length _ _ X2).
    split; [eapply extends_trans; eauto|]. constructor; auto. split; [lia|]. now rewrite (get_extends x u s1 s').
Qed.
End Placed.

(** ** Obligations *)

Section Made.
Variable c : safety_claim.
Notation n := (length (bounds c)).

(** A set and the barrier: some function of the set is positive, or the barrier has the [sign]. *)
Definition zone_obligation (fs : list (list (node Q))) (strict : bool) (sign : Q) : option obligation :=
  let (s0, xs) := flow_base n [] in
  match placed_functions xs 0 (barrier c :: fs) s0 with
  | Some (s, h :: js) =>
    let wish := fold_right (fun j w => WEither (WRow true [1]%Q [j] 0) w) (WRow strict [sign] [h] 0) js in
    let (s', g) := grant wish s in
    let o := ScalarObligation (bounds c) s' g in
    if wish_below (length s) wish && proper_obligation o then Some (obligation_of o) else None
  | _ => None
  end.

(** The barrier in place of V, with a rate for which what falls is the barrier after a step, or its slope. *)
Definition as_claim (rate : Q) : claim := Claim c (barrier c) 0 rate [] [].

(** The barrier is positive, or everything is defined and [last] holds. *)
Definition step_obligation (q : fall_program) (last : wish) : option obligation :=
  let wish := WEither (WRow true [1]%Q [v_at q] 0)
    (WBoth (goes_on_wish q (WDefined (v_at q))) last) in
  let (s', g) := grant wish (code q) in
  let o := ScalarObligation (bounds c ++ others c) s' g in
  if wish_below (length (code q)) wish && proper_obligation o then Some (obligation_of o) else None.
Definition after_step (q : fall_program) : wish := WBoth (stays_wish (as_claim 1) q) (WRow false [1]%Q [fall_at q] 0).
Definition along_flow (q : fall_program) : wish :=
  WEither (WRow true [(-1)%Q] [v_at q] 0) (WRow true [1]%Q [fall_at q] 0).

Definition well_guarded : bool := Nat.eqb (length (outputs c)) n.
Definition safe_obligations : option (list obligation) :=
  if well_guarded then
    match fall_program_of false (as_claim 1) with
    | Some q => all_some [zone_obligation (starts_in c) false (-1); zone_obligation (never_in c) true 1;
                          step_obligation q (after_step q)]
    | None => None
    end
  else None.
Definition safe_flow_obligations : option (list obligation) :=
  if well_guarded then
    match flow_program_of (as_claim 0), scalar_claim_of (as_claim 0), face_obligations (as_claim 0) with
    | Some q, Some k, Some faces =>
      if forallb continuous_operation (value_program k) then
        match all_some [zone_obligation (starts_in c) false (-1); zone_obligation (never_in c) true 1;
                        step_obligation q (along_flow q)] with
        | Some l => Some (l ++ faces)
        | None => None
        end
      else None
    | _, _, _ => None
    end
  else None.

(** ** What they say *)

Lemma zone_says fs strict sign o x : zone_obligation fs strict sign = Some o -> holds o -> in_box (bounds c) x ->
  (exists p v, In p fs /\ value_of_program p x = Some v /\ 0 < v) \/
  exists v, value_of_program (barrier c) x = Some v /\ (if strict then 0 < Q2R sign * v else 0 <= Q2R sign * v).
Proof.
  unfold zone_obligation. intros M H X. destruct (flow_base n []) as [s0 xs] eqn:E0.
  destruct (placed_functions xs 0 (barrier c :: fs) s0) as [[s [|h js]]|] eqn:E1; try discriminate.
  destruct (grant _ s) as [s' g] eqn:G. destruct (wish_below _ _ && _) eqn:P; [|discriminate].
  apply andb_prop in P; destruct P as [P1 P2]. inversion M; subst o; clear M.
  set (u := fun _ : nat => 0). assert (Lx : length x = n) by (symmetry; apply (Forall2_length _ _ _ X)).
  destruct (flow_base_ok n [] s0 xs x u E0) as [_ [_ [Lz [_ Hx]]]]; [lia|].
  assert (St : states_at xs 0 x u s0) by (split; [exact Lz|]; intros i j E; apply (Hx i j E)).
  destruct (placed_functions_ok xs 0 x u _ _ _ _ E1 St) as [_ F]. inversion F as [|? ? ? ? [_ Hh] Hf]; subst; clear F.
  pose proof (obligation_of_ok _ P2 H x X u ltac:(intros; unfold u; lra)) as Sat. cbn [operations wanted] in Sat.
  destruct (grant_ok x u s _ P1 _ _ _ G (extends_refl _)) as [_ T]. specialize (T s' (extends_refl _) Sat).
  clear -T Hh Hf. revert T. induction Hf as [|f j fs js [_ Vf] Hf IH]; simpl; intros T.
  - right. destruct T as [v [D S]]. rewrite Hh in D. destruct (value_of_program (barrier c) x) as [b|]; [|discriminate].
    simpl in D. inversion D; subst v. exists b. split; auto. rewrite Q2R_zero in S. destruct strict; lra.
  - destruct T as [[v [D S]]|T].
    + left. rewrite Vf in D. destruct (value_of_program f x) as [a|] eqn:Ea; [|discriminate]. simpl in D.
      inversion D; subst v. exists f, a. rewrite Q2R_one, Q2R_zero in S. repeat split; auto. lra.
    + destruct (IH T) as [[p [v [I K]]]|K]; [left; exists p, v; tauto|now right].
Qed.

Lemma step_says rate q last o x w t u : step_obligation q last = Some o -> holds o -> in_range u ->
  placed (as_claim rate) q x w u -> in_box (bounds c) x -> in_box (others c) w ->
  exists v, value_of_program (barrier c) x = Some v /\ (0 < v \/ exists y, next c x (w, t) = Some y /\
    wish_true (values (x ++ w) u (code q)) last).
Proof.
  unfold step_obligation. intros M H U Pl X W. pose proof Pl as [Mv _ Mn _ _]. destruct (grant _ (code q)) as [s g] eqn:G.
  destruct (wish_below _ _ && _) eqn:P; [|discriminate]. apply andb_prop in P; destruct P as [P1 P2].
  inversion M; subst o; clear M.
  pose proof (obligation_of_ok _ P2 H (x ++ w) (Forall2_app X W) u U) as Sat. cbn [operations wanted] in Sat.
  destruct (grant_ok (x ++ w) u (code q) _ P1 _ _ _ G (extends_refl _)) as [_ T].
  specialize (T s (extends_refl _) Sat). clear Sat. set (m := values (x ++ w) u (code q)) in *.
  change (value (as_claim rate)) with (value_of_program (barrier c)) in Mv.
  change (next (as_claim rate)) with (next c) in Mn.
  destruct T as [[v [D Pos]]|[Def Last]].
  - simpl in D. rewrite Mv in D. destruct (value_of_program (barrier c) x) as [b|]; [|discriminate].
    simpl in D. inversion D; subst v. exists b. split; auto. left. rewrite Q2R_one, Q2R_zero in Pos. lra.
  - destruct (all_wishes_last _ _ _ Def) as [v V]. rewrite Mv in V. exists v. split; auto. right.
    destruct (goes_on_says _ q x w u _ Pl Def) as [y Y].
    exists y. split; auto. rewrite (Mn t). now apply all_defined_some.
Qed.
End Made.

Lemma zone_region c l x : zone c l x -> Barriers.region (bounds c) (map value_of_program l) x.
Proof.
  intros [B H]. split; auto. intros a I. apply in_map_iff in I. destruct I as [p [<- I]]. now apply H.
Qed.
Lemma zones_separate c o1 o2 : zone_obligation c (starts_in c) false (-1) = Some o1 ->
  zone_obligation c (never_in c) true 1 = Some o2 -> holds o1 -> holds o2 ->
  separates (bounds c) (value_of_program (barrier c)) (map value_of_program (starts_in c))
    (map value_of_program (never_in c)).
Proof.
  intros E1 E2 H1 H2. constructor; intros x X.
  - destruct (zone_says c _ _ _ _ x E1 H1 X) as [[p [v [I [V P]]]]|[v [V P]]].
    + left. exists (value_of_program p), v. split; [now apply in_map|auto].
    + right. exists v. split; auto. rewrite Q2R_m1 in P. lra.
  - destruct (zone_says c _ _ _ _ x E2 H2 X) as [[p [v [I [V P]]]]|[v [V P]]].
    + left. exists (value_of_program p), v. split; [now apply in_map|auto].
    + right. exists v. split; auto. rewrite Q2R_one in P. lra.
Qed.
Lemma all_three (a b d : option obligation) l : all_some [a; b; d] = Some l ->
  exists x y z, a = Some x /\ b = Some y /\ d = Some z /\ l = [x; y; z].
Proof. destruct a, b, d; simpl; intros E; inversion E. repeat eexists. Qed.

(** ** T-SAFE-D *)
Theorem safe_if_hold c l : safe_obligations c = Some l -> (forall o, In o l -> holds o) -> safe_steps c.
Proof.
  unfold safe_obligations. intros M H. destruct (well_guarded c) eqn:Wg; [|discriminate]. apply Nat.eqb_eq in Wg.
  destruct (fall_program_of false (as_claim c 1)) as [q|] eqn:Eq; [|discriminate].
  destruct (all_three _ _ _ _ M) as [o1 [o2 [o3 [E1 [E2 [E3 ->]]]]]].
  assert (H1 : holds o1) by (apply H; simpl; auto). assert (H2 : holds o2) by (apply H; simpl; auto).
  assert (H3 : holds o3) by (apply H; simpl; auto).
  set (h := value_of_program (barrier c)). set (none := fun _ : nat => 0).
  assert (Me : forall x w u, length x = length (bounds c) -> meaning (as_claim c 1) q x w u)
    by (intros; apply (fall_program_ok false); auto).
  assert (Here : forall x w t, in_box (bounds c) x -> in_box (others c) w -> exists v, h x = Some v /\
    (0 < v \/ exists y, next c x (w, t) = Some y /\ wish_true (values (x ++ w) none (code q)) (after_step c q))).
  { intros x w t X W. apply (step_says c 1 q (after_step c q) o3 x w t none); auto; [intros k; unfold none; lra|].
    apply Me. symmetry. apply (Forall2_length _ _ _ X). }
  assert (C : DiscreteTime.safety_conditions variation (allowed c) (bounds c) (next c) h
    (map value_of_program (starts_in c)) (map value_of_program (never_in c))).
  { constructor.
    - now apply (zones_separate c o1 o2).
    - intros x [w t] X [W _]. cbn [fst] in W. destruct (Here x w t X W) as [v [V [P|[y [Y [St [f [F Pf]]]]]]]]; [left; eauto|right].
      assert (Lx : length x = length (bounds c)) by (symmetry; apply (Forall2_length _ _ _ X)).
      assert (Ly : length y = length (bounds c)).
      { pose proof Y as Y'. unfold next in Y'. apply all_defined_some in Y'.
        rewrite <- (map_length Some y), <- Y', map_length. exact Wg. }
      pose proof (stays_says (as_claim c 1) q x w t y (Me x w none Lx) Y Lx Ly St) as Stay. change (stays (bounds c) x y) in Stay.
      exists y. split; auto. split; auto. destruct (Here y w t (stays_ok _ _ _ Stay X) W) as [v' [V' _]]. exists v'. split; auto.
      simpl in F. destruct (get (values (x ++ w) none (code q)) (fall_at q)) as [s|] eqn:Fs; [|discriminate].
      simpl in F. inversion F; subst f.
      pose proof (fall_value _ _ _ _ _ (Me x w none Lx) t y v v' s V Y V' Fs) as K. cbn [decay as_claim] in K.
      rewrite Q2R_one, Q2R_zero in *. lra. }
  constructor.
  - intros x w T Z k. destruct (safe _ _ _ _ _ _ _ C x w T (zone_region c _ _ Z) k) as [A B]. split; auto.
    intros N. apply B. now apply zone_region.
  - intros x w G A. exact (goes_on_s _ _ _ _ _ _ _ C x w G A).
Qed.

(** ** T-SAFE-C *)
Theorem safe_flow_if_hold c l : safe_flow_obligations c = Some l -> (forall o, In o l -> holds o) -> safe_flow c.
Proof.
  unfold safe_flow_obligations. intros M H. destruct (well_guarded c) eqn:Wg; [|discriminate]. apply Nat.eqb_eq in Wg.
  destruct (flow_program_of (as_claim c 0)) as [q|] eqn:Eq; [|discriminate].
  destruct (scalar_claim_of (as_claim c 0)) as [k|] eqn:Ek; [|discriminate].
  destruct (face_obligations (as_claim c 0)) as [faces|] eqn:Ef; [|discriminate].
  destruct (forallb continuous_operation (value_program k)) eqn:Cv; [|discriminate].
  destruct (all_some _) as [l'|] eqn:El; [|discriminate]. inversion M; subst l; clear M.
  destruct (all_three _ _ _ _ El) as [o1 [o2 [o3 [E1 [E2 [E3 ->]]]]]].
  assert (H1 : holds o1) by (apply H; simpl; auto). assert (H2 : holds o2) by (apply H; simpl; auto).
  assert (H3 : holds o3) by (apply H; simpl; auto).
  assert (Hf : forall o, In o faces -> holds o) by (intros; apply H; apply in_or_app; auto).
  set (h := value_of_program (barrier c)).
  assert (Here : forall x w t u, in_range u -> in_box (bounds c) x -> in_box (others c) w -> exists v, h x = Some v /\
    (0 < v \/ exists y, next c x (w, t) = Some y /\ wish_true (values (x ++ w) u (code q)) (along_flow q))).
  { intros x w t u U X W. apply (step_says c 0 q (along_flow q) o3 x w t u); auto.
    apply flow_placed; auto. symmetry. apply (Forall2_length _ _ _ X). }
  assert (C : ContinuousSets.safety_conditions variation (allowed c) (bounds c) (next c) h
    (map value_of_program (starts_in c)) (map value_of_program (never_in c))).
  { constructor.
    - destruct (scalar_claim_ok _ k Ek) as [_ [_ [_ [Val _]]]]. change (value (as_claim c 0)) with h in Val.
      intros x v _ E eps P. rewrite (Val x (fun _ => 0)) in E.
      destruct (values_continuous x (fun _ => 0) _ Cv _ v E eps P) as [d [Pd K]]. exists d. split; auto.
      intros y u _ Cl U. rewrite (Val y (fun _ => 0)) in U. eauto.
    - now apply (zones_separate c o1 o2).
    - intros x [w t] X [W _]. cbn [fst] in W. assert (U0 : in_range (fun _ : nat => 0)) by (intros j; lra).
      destruct (Here x w t _ U0 X W) as [v [V S]]. exists v. split; auto. destruct S as [P|[y [Y _]]]; [now left|].
      destruct (Rlt_or_le 0 v) as [P|P]; [now left|right]. exists y. split; auto.
      destruct (Rlt_or_le v 0) as [N|N]; [now left|right]. assert (v = 0) by lra. subst v.
      replace 0 with (- (Q2R (decay (as_claim c 0)) * 0) - 0) by ring.
      apply (flow_slopes (as_claim c 0) q Eq Wg x w t y 0 0); auto.
      + symmetry. apply (Forall2_length _ _ _ X).
      + intros u U. destruct (Here x w t u U X W) as [v' [V' S']]. rewrite V in V'. inversion V'; subst v'.
        assert (Lx : length x = length (bounds c)) by (symmetry; apply (Forall2_length _ _ _ X)).
        pose proof (v_value _ _ _ _ _ (flow_placed (as_claim c 0) q Eq Wg x w u Lx)) as Mv.
        change (value (as_claim c 0)) with h in Mv. rewrite V in Mv.
        destruct S' as [P'|[y' [_ [[a [A Pa]]|[a [A Pa]]]]]]; [lra| |]; simpl in A.
        * rewrite Mv in A. simpl in A. inversion A; subst a. rewrite Q2R_zero in Pa. lra.
        * destruct (get (values (x ++ w) u (code q)) (fall_at q)) as [s|]; [|discriminate]. simpl in A.
          inversion A; subst a. exists s. split; auto. rewrite Q2R_one, Q2R_zero in Pa. lra.
    - pose proof (faces_inward (as_claim c 0) Wg faces Ef Hf) as In. cbn [level as_claim] in In.
      rewrite Q2R_zero in In. exact In. }
  intros T x w S Z t Ht. destruct (safe_c _ _ _ _ _ _ _ C T x w S (zone_region c _ _ Z) t Ht) as [A B]. split; auto.
  intros N. apply B. now apply zone_region.
Qed.
